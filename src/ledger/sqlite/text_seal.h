#pragma once
// How texts lie in their columns: sealed with their tenant's data key, or as they are.

#include <memory>
#include <string>
#include <string_view>

#include "ledger/sealed_text.h"
#include "ledger/sqlite/audit_appender.h"
#include "ledger/sqlite/connection.h"
#include "ledger/text_keys.h"

namespace limner::sqlite {

/// What a connection puts texts through when it writes and reads them (Connection::sealed(), RowTexts). Each
/// connection has its own; used by one thread at a time.
class TextSeal {
 public:
  virtual ~TextSeal() = default;
  /// A text as it lies in that place. Needs a write transaction: a tenant's first text makes its key.
  virtual Result<std::string> seal(Connection& db, const TextPlace& place, std::string_view text) = 0;
  /// The text that lies there. `not_found` if the key was forgotten with its tenant; `data_loss` if it is not
  /// what was written there; anything else if it cannot be known now.
  virtual Result<std::string> open(Connection& db, const TextPlace& place, std::string stored) = 0;
  /// Whether SQL can compare what lies in the columns with texts.
  virtual bool plain() const { return false; }
};

/// Texts lie as they are.
std::shared_ptr<TextSeal> plain_texts();

/// Texts are sealed with their tenants' keys. Of the keys only the one used last stays unwrapped, and is used
/// only while the ledger has it: a key that is forgotten opens nothing from then on.
std::shared_ptr<TextSeal> sealed_texts(TextKeys& keys, AuditAppender& audit);

/// Texts are sealed, and the key is not at hand: what is written or sealed is an error that says so.
std::shared_ptr<TextSeal> locked_texts();

/// From now on a text that is not sealed is `data_loss`.
Result<void> expect_sealed_texts(Connection& db);

}  // namespace limner::sqlite
