#include "similarity/protected_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/crypto.h"
#include "base/file_handle.h"
#include "base/files.h"

namespace limner {
namespace {

constexpr std::string_view kMagic = "LIMNERPD";
constexpr uint32_t kVersion = 1;
constexpr uint32_t kBlockMagic = 0x42514450;  // "PDQB"
constexpr size_t kHeaderBytes = 16, kBlockHeaderBytes = 48, kRecordBytes = 40, kDigestBytes = 32;
constexpr size_t kFileBytesMax = size_t{4} << 30;

void put(std::string& to, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) to += static_cast<char>(value >> (8 * i) & 255u);
}

uint64_t get(std::string_view from, size_t at, int bytes) {
  uint64_t value = 0;
  for (int i = 0; i < bytes; ++i)
    value |= static_cast<uint64_t>(static_cast<unsigned char>(from[at + static_cast<size_t>(i)])) << (8 * i);
  return value;
}

std::string file_header() {
  std::string header(kMagic);
  put(header, kVersion, 4);
  put(header, 0, 4);
  return header;
}

std::string digest_of(std::string_view counts, std::string_view body) {
  return sha256_bytes(std::string(counts) + std::string(body));
}

std::string block_of(std::span<const ProtectedPicture> pictures) {
  std::string body, names;
  for (const ProtectedPicture& picture : pictures) {
    for (const uint64_t word : picture.hash.words) put(body, word, 8);
    put(body, static_cast<uint64_t>(picture.quality), 2);
    put(body, picture.name.size(), 2);
    put(body, 0, 4);
    names += picture.name;
  }
  std::string block;
  put(block, kBlockMagic, 4);
  put(block, pictures.size(), 4);
  put(block, names.size(), 8);
  body += names;
  block += digest_of(std::string_view(block).substr(4, 12), body);
  return block + body;
}

struct BlockSize {
  size_t pictures = 0, names = 0;
  size_t body() const { return pictures * kRecordBytes + names; }
};

Error damaged(std::string_view field, size_t at, std::string_view what) {
  return Error{Code::data_loss, std::string(field), fmt::format("the block at byte {} {}", at, what),
               "restore the file, or make it again with limner protect add"};
}

// The records of a block whose checksum is right; what they say must still fit together.
Result<void> add_records(std::string_view body, const BlockSize& size, std::string_view field, size_t at,
                         std::vector<ProtectedPicture>& pictures) {
  size_t name_at = size.pictures * kRecordBytes;
  for (size_t i = 0; i < size.pictures; ++i) {
    const size_t record = i * kRecordBytes;
    ProtectedPicture picture;
    for (size_t word = 0; word < 4; ++word) picture.hash.words[word] = get(body, record + 8 * word, 8);
    picture.quality = static_cast<int>(get(body, record + 32, 2));
    const auto length = static_cast<size_t>(get(body, record + 34, 2));
    if (picture.quality > 100 || length > kProtectedNameMax || length > body.size() - name_at)
      return damaged(field, at, "has a record that cannot be");
    picture.name = body.substr(name_at, length);
    name_at += length;
    pictures.push_back(std::move(picture));
  }
  if (name_at != body.size()) return damaged(field, at, "has bytes that belong to nothing");
  return {};
}

Result<void> write_at_end(const FileHandle& file, const std::filesystem::path& path, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(file.get(), bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return system_error(path, "write", errno);
    bytes.remove_prefix(static_cast<size_t>(wrote));
  }
  if (::fsync(file.get()) != 0) return system_error(path, "write", errno);
  return {};
}

Result<void> check_pictures(std::span<const ProtectedPicture> pictures) {
  for (const ProtectedPicture& picture : pictures) {
    if (picture.name.size() > kProtectedNameMax)
      return invalid("name",
                     fmt::format("{} bytes are more than {}", picture.name.size(), kProtectedNameMax));
    if (picture.quality < 0 || picture.quality > 100)
      return invalid("quality", fmt::format("{} is not within 0 to 100", picture.quality));
  }
  return {};
}

}  // namespace

Result<ProtectedFile> parse_protected_file(std::span<const std::byte> bytes, std::string_view field) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  ProtectedFile file;
  const size_t told = std::min(text.size(), kMagic.size());
  if (text.substr(0, told) != kMagic.substr(0, told))
    return invalid(std::string(field), "is not a file of protected pictures");
  if (text.size() < kHeaderBytes) {
    file.torn_bytes = text.size();
    return file;
  }
  const uint64_t version = get(text, 8, 4);
  if (version != kVersion)
    return unsupported(std::string(field),
                       fmt::format("has version {}; this Limner reads {}", version, kVersion));
  file.whole_bytes = kHeaderBytes;
  while (file.whole_bytes < text.size()) {
    const size_t at = file.whole_bytes;
    const std::string_view rest = text.substr(at);
    if (rest.size() >= 4 && get(rest, 0, 4) != kBlockMagic)
      return damaged(field, at, "does not begin as one");
    if (rest.size() < kBlockHeaderBytes) break;
    BlockSize size;
    size.pictures = static_cast<size_t>(get(rest, 4, 4));
    size.names = static_cast<size_t>(get(rest, 8, 8));
    if (size.names > size.pictures * kProtectedNameMax)
      return damaged(field, at, "has more names than pictures");
    if (size.body() > rest.size() - kBlockHeaderBytes) break;
    const std::string_view body = rest.substr(kBlockHeaderBytes, size.body());
    if (digest_of(rest.substr(4, 12), body) != rest.substr(16, kDigestBytes))
      return damaged(field, at, "does not match its checksum");
    TRY(add_records(body, size, field, at, file.pictures));
    file.whole_bytes += kBlockHeaderBytes + size.body();
  }
  file.torn_bytes = text.size() - file.whole_bytes;
  return file;
}

Result<ProtectedFile> read_protected_file(const std::filesystem::path& path) {
  const std::string bytes = TRY(read_file(path, kFileBytesMax));
  return parse_protected_file(std::as_bytes(std::span(bytes)), path.string());
}

Result<void> append_protected(const std::filesystem::path& path, std::span<const ProtectedPicture> pictures) {
  TRY(check_pictures(pictures));
  const FileHandle file(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0600));
  struct stat status {};
  if (!file.valid() || ::fstat(file.get(), &status) != 0) return system_error(path, "write", errno);
  TRY(check_regular(path, status));
  while (::flock(file.get(), LOCK_EX) != 0)
    if (errno != EINTR) return system_error(path, "lock", errno);
  const ProtectedFile before = TRY(read_protected_file(path));
  // What a cut-short append left is taken away first: the next block would be read as part of it.
  if (before.torn_bytes && ::ftruncate(file.get(), static_cast<off_t>(before.whole_bytes)) != 0)
    return system_error(path, "write", errno);
  const std::string bytes =
      (before.whole_bytes ? "" : file_header()) + (pictures.empty() ? "" : block_of(pictures));
  return write_at_end(file, path, bytes);
}

}  // namespace limner
