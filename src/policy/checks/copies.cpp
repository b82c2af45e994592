// The check "copies": pictures that are a protected one again, by their PDQ hash.

#include <fmt/format.h>

#include <filesystem>
#include <mutex>

#include "policy/check.h"
#include "similarity/protected_index.h"

namespace limner {

extern const CheckInfo kCopiesCheck;

namespace {

constexpr size_t kRulesMax = 16;
constexpr size_t kPathBytesMax = 4096;

// Read when it is first asked for, and again when the file has grown: pictures are protected while a server
// runs.
class WatchedIndex {
 public:
  explicit WatchedIndex(std::filesystem::path path) : path_(std::move(path)) {}

  Result<std::shared_ptr<const ProtectedIndex>> get() {
    std::error_code error;
    const uintmax_t bytes = std::filesystem::file_size(path_, error);
    if (error) return not_found("index", fmt::format("{}: {}", path_.string(), error.message()));
    const std::lock_guard lock(mutex_);
    if (!index_ || bytes != bytes_) {
      ProtectedFile file = TRY(read_protected_file(path_));
      index_ = std::make_shared<const ProtectedIndex>(std::move(file.pictures));
      bytes_ = bytes;
    }
    return index_;
  }

 private:
  std::filesystem::path path_;
  std::mutex mutex_;
  uintmax_t bytes_ = 0;
  std::shared_ptr<const ProtectedIndex> index_;
};

struct CopyRule {
  std::string name, category;
  std::unique_ptr<WatchedIndex> index;
  Outcome near = Outcome::hold, copy = Outcome::refuse, flat = Outcome::hold;
};

Outcome outcome_of(const std::string& action) {
  return action == "refuse" ? Outcome::refuse : action == "hold" ? Outcome::hold : Outcome::pass;
}

class CopiesCheck final : public PictureCheck {
 public:
  static Result<std::unique_ptr<PictureCheck>> make(const PolicyValue& value) {
    auto check = std::make_unique<CopiesCheck>();
    for (const PolicyValue& rule : *TRY(list_of(value, 1, kRulesMax))) TRY(check->add_rule(rule));
    return std::unique_ptr<PictureCheck>(std::move(check));
  }

  Result<std::vector<Finding>> look(const Picture& picture) const override {
    const PdqHashes hashes = pdq_hashes(picture);
    std::vector<Finding> findings;
    for (const CopyRule& rule : rules_) findings.push_back(judge(rule, hashes));
    return findings;
  }

 private:
  Result<void> add_rule(const PolicyValue& value) {
    PolicyTable table = TRY(PolicyTable::of(value));
    CopyRule rule;
    const PolicyValue* name = TRY(table.required("name"));
    rule.name = TRY(name_of(*name));
    for (const CopyRule& other : rules_)
      if (other.name == rule.name) return name->error("is the name of another rule");
    rule.index = std::make_unique<WatchedIndex>(TRY(text_of(*TRY(table.required("index")), kPathBytesMax)));
    rule.category = kOtherCategory;
    if (const PolicyValue* category = table.optional("category"))
      rule.category = TRY(word_of(*category, {categories().begin(), categories().end()}));
    if (const PolicyValue* near = table.optional("near"))
      rule.near = outcome_of(TRY(word_of(*near, {"pass", "hold", "refuse"})));
    if (const PolicyValue* copy = table.optional("copy"))
      rule.copy = outcome_of(TRY(word_of(*copy, {"hold", "refuse"})));
    if (const PolicyValue* flat = table.optional("flat"))
      rule.flat = outcome_of(TRY(word_of(*flat, {"pass", "hold"})));
    TRY(table.finish());
    rules_.push_back(std::move(rule));
    return {};
  }

  static Finding judge(const CopyRule& rule, const PdqHashes& hashes) {
    Finding finding{std::string(kCopiesCheck.name), rule.name, rule.category, 0, Outcome::pass, ""};
    const auto index = rule.index->get();
    if (!index) {
      finding.category.clear();
      finding.outcome = Outcome::hold;
      finding.reason = fmt::format("the rule \"{}\" could not be asked: {}", rule.name, index.error().text());
      return finding;
    }
    const CopyReport report = (*index)->check(hashes);
    if (report.verdict == CopyVerdict::unchecked) {
      finding.category.clear();
      finding.outcome = rule.flat;
      if (finding.outcome != Outcome::pass)
        finding.reason =
            fmt::format("the picture is too flat for the rule \"{}\" to say anything", rule.name);
      return finding;
    }
    if (report.matches.empty()) return finding;
    const bool copy = report.verdict == CopyVerdict::copy;
    finding.outcome = copy ? rule.copy : rule.near;
    finding.score = 1 - report.matches.front().distance / 256.0;
    if (finding.outcome != Outcome::pass)
      finding.reason = fmt::format("the picture is {} a protected one, by the rule \"{}\"",
                                   copy ? "a copy of" : "near to", rule.name);
    return finding;
  }

  std::vector<CopyRule> rules_;
};

constexpr std::string_view kExample = R"([[picture.copies]]
name = "our-artists"
index = "protected.pdq"
near = "hold"
copy = "refuse"
)";

}  // namespace

const CheckInfo kCopiesCheck{.name = "copies",
                             .key = "copies",
                             .doc = "copies of protected pictures (limner protect add)",
                             .example = kExample,
                             .make_picture_check = CopiesCheck::make};

}  // namespace limner
