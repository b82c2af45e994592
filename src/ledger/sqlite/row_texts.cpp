#include "ledger/sqlite/row_texts.h"

#include <fmt/format.h>

namespace limner::sqlite {

std::string RowTexts::text(int index, std::string_view column) {
  Result<std::string> opened = rows_.opened(index, {column, tenant_, row_});
  if (opened) return std::move(*opened);
  note(opened.error());
  return {};
}

std::string RowTexts::shown(int index, std::string_view column) {
  Result<std::string> opened = rows_.opened(index, {column, tenant_, row_});
  if (opened) return std::move(*opened);
  note(opened.error());
  return fmt::format("({})", opened.error().message);
}

Json RowTexts::json(int index, std::string_view column) {
  const std::string opened = text(index, column);
  if (opened.empty()) return nullptr;
  Result<Json> parsed = parse_json(opened, "ledger");
  if (parsed) return std::move(*parsed);
  note({Code::data_loss, "ledger",
        fmt::format("{} holds no JSON: {}", place_text({column, tenant_, row_}), parsed.error().message),
        "limner db check"});
  return nullptr;
}

Result<std::string> RowTexts::unreadable() const {
  if (!failure_) return std::string();
  if (failure_->code == Code::not_found || failure_->code == Code::data_loss) return failure_->message;
  return *failure_;
}

}  // namespace limner::sqlite
