#pragma once
// Seals that hold the rows of a log together until a checkpoint covers them: each is an HMAC-SHA-256 that
// only the log's key makes. All in hexadecimal.

#include <cstdint>
#include <string>
#include <string_view>

#include "audit/signed_note.h"

namespace limner {

class RowSealer {
 public:
  explicit RowSealer(const NoteSigner& signer);
  /// Of leaf `seq`, over the seal of the leaf before (empty before the first) and the leaf.
  std::string row(std::string_view before, uint64_t seq, std::string_view leaf) const;
  /// Of a log of `size` leaves whose last has the seal `last`.
  std::string head(uint64_t size, std::string_view last) const;

 private:
  std::string key_;
};

}  // namespace limner
