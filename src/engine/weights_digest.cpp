#include "engine/weights_digest.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>

#include "base/files.h"
#include "base/sealed_weights.h"
#include "base/sha256.h"

namespace limner {
namespace {

namespace fs = std::filesystem;

// Names the file in this state: a changed file has another key, so a stale digest is never found.
std::string state_key(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  std::error_code error;
  const fs::path whole = fs::canonical(path, error);
  const std::string state =
      fmt::format("{}\n{}\n{}.{}\n{}.{}\n{}", whole.string(), status.st_size, status.st_mtim.tv_sec,
                  status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec, status.st_ino);
  return sha256_hex(std::as_bytes(std::span(state)));
}

// Empty if it cannot be read or was stopped.
std::string read_and_digest(const fs::path& path, const std::function<bool(size_t)>& progress) {
  Sha256 hash;
  const Result<void> read = read_weights(path, [&](std::span<const std::byte> piece) -> Result<void> {
    hash.update(piece);
    if (progress && !progress(piece.size())) return Error{Code::cancelled, "", "was stopped", {}};
    return {};
  });
  return read ? hash.finish_hex() : std::string();
}

std::string digest_of_state(const std::string& key) {
  const fs::path cache = cache_folder("digests");
  if (key.empty() || cache.empty()) return {};
  const Result<std::string> kept = read_file(cache / key, 64);
  return kept && kept->size() == 64 ? *kept : std::string();
}

std::string digest_of_file(const fs::path& path, const std::function<bool(size_t)>& progress) {
  const std::string key = state_key(path);
  if (const std::string kept = digest_of_state(key); !kept.empty()) return kept;
  const fs::path cache = cache_folder("digests");
  const std::string digest = read_and_digest(path, progress);
  if (digest.empty()) return {};
  std::error_code error;
  if (!key.empty() && !cache.empty() && (fs::create_directories(cache, error), !error)) {
    // A cache that cannot be written costs time, nothing else.
    const Result<void> kept = write_file_atomically(cache / key, std::as_bytes(std::span(digest)));
    static_cast<void>(kept);
  }
  return digest;
}

// `digest` of one file, or of the lines of several. Empty if one is.
template <class Digest>
std::string digest_of_all(const std::vector<fs::path>& files, Digest digest) {
  std::string all;
  for (const fs::path& file : files) {
    const std::string one = digest(file);
    if (one.empty() || files.size() == 1) return one;
    all += fmt::format("{}  {}\n", one, file.filename().string());
  }
  return sha256_hex(std::as_bytes(std::span(all)));
}

}  // namespace

fs::path cache_folder(const char* name) {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache && *cache)
    return fs::path(cache) / "limner" / name;
  if (const char* home = std::getenv("HOME"); home && *home)
    return fs::path(home) / ".cache" / "limner" / name;
  return {};
}

std::string digest_of_files(const std::vector<fs::path>& files, const std::function<bool(size_t)>& progress) {
  return digest_of_all(files, [&](const fs::path& file) { return digest_of_file(file, progress); });
}

std::string remembered_digest(const std::vector<fs::path>& files) {
  return digest_of_all(files, [](const fs::path& file) { return digest_of_state(state_key(file)); });
}

std::vector<fs::path> weight_files_of(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return {path};
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(path, error))
    if (entry.path().extension() == ".safetensors") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace limner
