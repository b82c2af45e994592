#pragma once
// The encrypted form of a text in the ledger: docs/formats/encrypted-text.md.

#include <string>
#include <string_view>

#include "base/result.h"

namespace limner {

/// Which text it is. A sealed text opens in its place and nowhere else.
struct TextPlace {
  std::string_view column;  ///< "jobs.prompt"
  std::string_view tenant;  ///< whose key it is under
  std::string_view row;     ///< the row's id; parts of it joined by ':'
};

/// Whether a column's content begins as a sealed text does, and no UTF-8 does.
bool looks_sealed_text(std::string_view stored);

/// `text_key` is of text_key(). Sealing the same again gives another text. It is a JSON string to SQLite, so
/// that it may stand where JSON has to.
std::string seal_text(std::string_view key_id, std::string_view text_key, const TextPlace& place,
                      std::string_view text);

/// The id of the data key that it was sealed with, which nothing vouches for yet. `data_loss`, naming the
/// place, for what is no sealed text.
Result<std::string> sealed_text_key_id(const TextPlace& place, std::string_view stored);

/// `data_loss`, naming the place, if it was sealed with another key or in another place, or was changed.
Result<std::string> open_text(std::string_view text_key, const TextPlace& place, std::string_view stored);

/// What texts are sealed with, derived from a data key's secret.
std::string text_key(std::string_view data_key);

/// A sealed text in characters that any program can show: for places that only vouch for it.
std::string printable_sealed_text(std::string_view stored);

/// "jobs.prompt of job_1": for errors.
std::string place_text(const TextPlace& place);

}  // namespace limner
