#pragma once
// What a log says of itself at one moment: C2SP's checkpoint (c2sp.org/tlog-checkpoint).

#include <cstdint>
#include <string>
#include <string_view>

#include "audit/signed_note.h"
#include "base/result.h"

namespace limner {

struct Checkpoint {
  std::string origin;  ///< which log; the name of the key that signs it
  uint64_t size = 0;   ///< leaves
  std::string root;    ///< 32 bytes

  bool operator==(const Checkpoint&) const = default;
};

/// The checkpoint as a signed note of three lines. Its origin is the signer's name.
std::string sign_checkpoint(uint64_t size, std::string_view root, const NoteSigner& signer);

/// Reads a checkpoint that `verifier` signed. `invalid`, or `unauthenticated` for a wrong signature or
/// another log's origin. Lines after the third are extensions, which are signed and otherwise skipped.
Result<Checkpoint> open_checkpoint(std::string_view note, const NoteVerifier& verifier,
                                   std::string_view field);

}  // namespace limner
