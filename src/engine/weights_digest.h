#pragma once
// Which weights drew a picture: digests of files, remembered on disk so that a large model is hashed once.

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace limner {

/// sha256 in hexadecimal: of the file's bytes, before they were encrypted, for one file; for several, of the
/// lines "DIGEST  NAME" in the given order. Empty if a file cannot be read. Digests are kept in the user's
/// cache folder by path, size and time of change. `progress` is called with bytes read now and then; false
/// stops, and the digest is empty.
std::string digest_of_files(const std::vector<std::filesystem::path>& files,
                            const std::function<bool(size_t)>& progress = {});

/// The same if it is remembered, at once; else empty.
std::string remembered_digest(const std::vector<std::filesystem::path>& files);

/// A folder of ours in the user's cache folder; not made yet. Empty if the environment names none.
std::filesystem::path cache_folder(const char* name);

/// The .safetensors files of `path`: itself, or those in the folder, sorted.
std::vector<std::filesystem::path> weight_files_of(const std::filesystem::path& path);

}  // namespace limner
