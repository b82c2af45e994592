#pragma once
// The file of protected pictures: their hashes and names, appended to and never rewritten.

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "similarity/pdq.h"

namespace limner {

/// A picture whose copies are to be known.
struct ProtectedPicture {
  PdqHash hash;
  int quality = 0;
  std::string name;  ///< whatever its owner calls it; up to kProtectedNameMax bytes

  bool operator==(const ProtectedPicture&) const = default;
};

inline constexpr size_t kProtectedNameMax = 4096;

/// What a file holds.
struct ProtectedFile {
  std::vector<ProtectedPicture> pictures;
  size_t whole_bytes = 0;  ///< where the last whole block ends
  size_t torn_bytes = 0;   ///< after it: an append that was cut short, and never said to be done
};

/// Reads the bytes of a file. Little-endian: "LIMNERPD", uint32 version 1, uint32 0; then blocks: uint32
/// magic "PDQB", uint32 pictures, uint64 bytes of the names, 32 bytes SHA-256 of all that follows (and of the
/// two counts before); for each picture 32 bytes of hash, uint16 quality, uint16 length of the name, uint32
/// 0; then the names. Another beginning is `invalid`, another version `unsupported`; a block that is not what
/// its checksum says is `data_loss`: copies would be missed. `field` names the file.
Result<ProtectedFile> parse_protected_file(std::span<const std::byte> bytes, std::string_view field);

/// Reads `path`; missing is `not_found`.
Result<ProtectedFile> read_protected_file(const std::filesystem::path& path);

/// Appends `pictures` as one block, synced to the disk, and makes the file if it is missing: after this
/// returns they are there, and if it is cut short at any point the file is as it was. Others that append
/// wait. A name that is too long, or a quality outside 0 to 100, is `invalid`.
Result<void> append_protected(const std::filesystem::path& path, std::span<const ProtectedPicture> pictures);

}  // namespace limner
