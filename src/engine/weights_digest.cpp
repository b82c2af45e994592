#include "engine/weights_digest.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "base/files.h"
#include "base/sha256.h"

namespace limner {
namespace {

namespace fs = std::filesystem;

fs::path cache_directory() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache && *cache)
    return fs::path(cache) / "limner" / "digests";
  if (const char* home = std::getenv("HOME"); home && *home)
    return fs::path(home) / ".cache" / "limner" / "digests";
  return {};
}

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
  std::ifstream file(path, std::ios::binary);
  std::vector<char> buffer(size_t{4} << 20);
  Sha256 hash;
  while (file) {
    file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    const auto got = static_cast<size_t>(file.gcount());
    hash.update(std::as_bytes(std::span(buffer).first(got)));
    if (progress && !progress(got)) return {};
  }
  return file.eof() ? hash.finish_hex() : std::string();
}

std::string digest_of_file(const fs::path& path, const std::function<bool(size_t)>& progress) {
  const std::string key = state_key(path);
  const fs::path cache = cache_directory();
  if (!key.empty() && !cache.empty())
    if (const Result<std::string> kept = read_file(cache / key, 64); kept && kept->size() == 64) return *kept;
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

}  // namespace

std::string digest_of_files(const std::vector<fs::path>& files, const std::function<bool(size_t)>& progress) {
  std::string all;
  for (const fs::path& file : files) {
    const std::string digest = digest_of_file(file, progress);
    if (digest.empty() || files.size() == 1) return digest;
    all += fmt::format("{}  {}\n", digest, file.filename().string());
  }
  return sha256_hex(std::as_bytes(std::span(all)));
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
