#pragma once
// Chains of certificates in folders: root.pem, chain.pem and key.pem.

#include <filesystem>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace limner {

/// What a new chain is to be.
struct ChainWish {
  std::string algorithm = "es256";            ///< or "ed25519"
  std::string organisation = "Limner local";  ///< who its pictures will be said to come from; 1 to 64 bytes
};

/// Makes a chain in `folder`, which is made if it is missing: root.pem, chain.pem, and key.pem that only its
/// owner may read. If one of the three is there already, `conflict`: a key is never written over.
Result<void> make_chain(const std::filesystem::path& folder, const ChainWish& wish, TimeUs now);

/// $XDG_DATA_HOME/limner/signing, or ~/.local/share/limner/signing.
std::filesystem::path default_chain_folder();

/// Makes a chain at `folder` unless there is one. The folder appears with everything in it or not at all, and
/// of several programs that make it at once one wins and all go on with its chain.
Result<void> ensure_chain(const std::filesystem::path& folder, const ChainWish& wish, TimeUs now);

}  // namespace limner
