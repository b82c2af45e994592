#pragma once
// The texts of a row that is being read.

#include <optional>
#include <string>
#include <string_view>

#include "ledger/sealed_text.h"
#include "ledger/sqlite/connection.h"

namespace limner::sqlite {

/// Opens texts of one row, and remembers the first that could not be read.
class RowTexts {
 public:
  /// All outlive this.
  RowTexts(const Rows& rows, std::string_view tenant, std::string_view row)
      : rows_(rows), tenant_(tenant), row_(row) {}

  /// The text of a column, which is the `index`-th of the answer; empty if it cannot be read.
  std::string text(int index, std::string_view column);
  /// For texts that are only shown: in the place of one that cannot be read stands why.
  std::string shown(int index, std::string_view column);
  /// The same as text() of JSON; null if it cannot be read, or is NULL.
  Json json(int index, std::string_view column);

  /// Why a text could not be read: its tenant's key was forgotten, or it is not what was written; empty if
  /// all could. An Error if that is not for ever: no key is at hand.
  Result<std::string> unreadable() const;

 private:
  void note(const Error& error) {
    if (!failure_) failure_ = error;
  }

  const Rows& rows_;
  const std::string_view tenant_, row_;
  std::optional<Error> failure_;
};

}  // namespace limner::sqlite
