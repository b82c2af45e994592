#include "ledger/sqlite/text_seal.h"

#include <fmt/format.h>

#include "base/aead.h"
#include "ledger/sqlite/data_key_table.h"

namespace limner::sqlite {
namespace {

// Of a ledger whose every text is sealed, so that one that is not was put there by somebody else.
constexpr std::string_view kTextsSetting = "encryption_texts";

class PlainTexts final : public TextSeal {
 public:
  Result<std::string> seal(Connection&, const TextPlace&, std::string_view text) override {
    return std::string(text);
  }
  Result<std::string> open(Connection&, const TextPlace&, std::string stored) override { return stored; }
  bool plain() const override { return true; }
};

Error no_master_key(const TextPlace& place) {
  return invalid("encryption.master_key",
                 fmt::format("is not set, and {} is encrypted by it", place_text(place)),
                 "--config FILE names the configuration of the server");
}

class LockedTexts final : public TextSeal {
 public:
  Result<std::string> seal(Connection&, const TextPlace& place, std::string_view) override {
    return no_master_key(place);
  }
  Result<std::string> open(Connection&, const TextPlace& place, std::string stored) override {
    if (looks_sealed_text(stored)) return no_master_key(place);
    return stored;
  }
};

// What says nothing, and need not be sealed to be there.
bool says_nothing(std::string_view stored) { return stored.empty() || stored == "null"; }

class SealedTexts final : public TextSeal {
 public:
  SealedTexts(TextKeys& keys, AuditAppender& audit) : keys_(keys), audit_(audit) {}
  ~SealedTexts() override { wipe(secret_); }

  Result<std::string> seal(Connection& db, const TextPlace& place, std::string_view text) override {
    if (text.empty()) return std::string();
    std::optional<WrappedDataKey> key = TRY(find_current_key(db, place.tenant));
    if (!key) key = TRY(make_key(db, place.tenant));
    TRY(take(*key));
    return seal_text(key->id, secret_, place, text);
  }

  Result<std::string> open(Connection& db, const TextPlace& place, std::string stored) override {
    if (says_nothing(stored)) return stored;
    if (!looks_sealed_text(stored)) return open_plain(db, place, std::move(stored));
    const std::string id = TRY(sealed_text_key_id(place, stored));
    const std::optional<WrappedDataKey> key = TRY(find_data_key(db, id));
    if (!key || key->tenant != place.tenant)
      return Error{Code::data_loss, "ledger",
                   fmt::format("{} names a key that its tenant never had", place_text(place)),
                   "limner db check"};
    if (key->forgotten)
      return not_found("ledger", "the key of its tenant was forgotten", "nobody can read it any more");
    TRY(take(*key));
    return open_text(secret_, place, stored);
  }

 private:
  // Written before there was a master key, or not by Limner.
  static Result<std::string> open_plain(Connection& db, const TextPlace& place, std::string stored) {
    const int64_t all_sealed =
        TRY(db.integer("SELECT count(*) FROM settings WHERE name = ?", {kTextsSetting}));
    if (!all_sealed) return stored;
    return Error{Code::data_loss, "ledger", fmt::format("{} is not encrypted", place_text(place)),
                 "limner encryption apply encrypts what was written before"};
  }

  Result<WrappedDataKey> make_key(Connection& db, std::string_view tenant) {
    const std::string master = TRY(find_master(db));
    const WrappedDataKey made = TRY(keys_.make(tenant, master));
    return keep_key(db, audit_, made);
  }

  // Into secret_, unless it is there.
  Result<void> take(const WrappedDataKey& key) {
    if (key.wrapped == wrapped_) return {};
    std::string unwrapped = TRY(keys_.unwrap(key));
    wipe(secret_);
    secret_ = text_key(unwrapped);
    wipe(unwrapped);
    wrapped_ = key.wrapped;
    return {};
  }

  TextKeys& keys_;
  AuditAppender& audit_;
  std::string wrapped_, secret_;  ///< what secret_ was unwrapped from, and the text key
};

}  // namespace

std::shared_ptr<TextSeal> plain_texts() {
  static const std::shared_ptr<TextSeal> plain = std::make_shared<PlainTexts>();
  return plain;
}

std::shared_ptr<TextSeal> sealed_texts(TextKeys& keys, AuditAppender& audit) {
  return std::make_shared<SealedTexts>(keys, audit);
}

std::shared_ptr<TextSeal> locked_texts() { return std::make_shared<LockedTexts>(); }

Result<void> expect_sealed_texts(Connection& db) {
  TRY(db.run("INSERT OR REPLACE INTO settings (name, value) VALUES (?, '\"sealed\"')", {kTextsSetting}));
  return {};
}

}  // namespace limner::sqlite
