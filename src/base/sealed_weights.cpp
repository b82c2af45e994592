#include "base/sealed_weights.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/aead.h"
#include "base/check.h"
#include "base/crypto.h"
#include "base/ids.h"
#include "base/sha256.h"

namespace limner {
namespace {

namespace fs = std::filesystem;

// 0xff begins neither a length that a safetensors file could have nor a text.
constexpr std::string_view kWeightsMagic("\xffLIMWTS\x01", 8);
constexpr size_t kLengthBytes = 8, kFileSaltBytes = 32;
constexpr size_t kFixedBytes = 8 + kLengthBytes + kFileSaltBytes;
constexpr size_t kMasterIdBytes = 16;
constexpr size_t kSlotBytes = kMasterIdBytes + kWrappedKeyBytes;
// Two, so that a new one is written before the old one is taken away.
constexpr size_t kSlots = 2;
constexpr size_t kWeightsHeaderBytes = kFixedBytes + kSlots * kSlotBytes;
constexpr size_t kWeightsChunk = 64u << 10;
constexpr size_t kSealedWeightsChunk = kWeightsChunk + kAeadTagBytes;
constexpr size_t kChunksAtOnce = 16;

std::function<Result<std::shared_ptr<WeightKeys>>()>& key_source() {
  static std::function<Result<std::shared_ptr<WeightKeys>>()> source;
  return source;
}

Error damaged_weights(const fs::path& path, std::string_view what) {
  return {Code::data_loss, path.string(), std::string(what), {}};
}

uint64_t weight_chunks(uint64_t plain) {
  return std::max<uint64_t>((plain + kWeightsChunk - 1) / kWeightsChunk, 1);
}

std::string big_endian_number(uint64_t number, size_t bytes) {
  std::string text(bytes, '\0');
  for (size_t i = 0; i < bytes && i < 8; ++i) text[bytes - 1 - i] = static_cast<char>(number >> 8 * i);
  return text;
}

uint64_t number_of_big_endian(std::string_view text) {
  uint64_t number = 0;
  for (const char c : text) number = number << 8 | static_cast<unsigned char>(c);
  return number;
}

Result<void> read_at(const FileHandle& file, const fs::path& path, char* to, size_t count, uint64_t offset) {
  while (count > 0) {
    const ssize_t got = ::pread(file.get(), to, count, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(path, "read", errno);
    if (got == 0) return damaged_weights(path, "became shorter while it was read");
    to += got;
    offset += static_cast<uint64_t>(got);
    count -= static_cast<size_t>(got);
  }
  return {};
}

Result<void> write_all(const FileHandle& file, const fs::path& path, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(file.get(), bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return system_error(path, "write", errno);
    bytes.remove_prefix(static_cast<size_t>(put));
  }
  return {};
}

Result<void> write_slot(const FileHandle& file, const fs::path& path, size_t slot, std::string_view bytes) {
  const auto offset = static_cast<off_t>(kFixedBytes + slot * kSlotBytes);
  if (::pwrite(file.get(), bytes.data(), bytes.size(), offset) != static_cast<ssize_t>(bytes.size()) ||
      ::fsync(file.get()) != 0)
    return system_error(path, "write", errno);
  return {};
}

struct SealedHeader {
  std::string fixed;  ///< what the contents' key is bound to
  std::array<std::string, kSlots> slots;
  uint64_t plain = 0;

  bool used(size_t slot) const { return slots[slot] != std::string(kSlotBytes, '\0'); }
  std::string_view master(size_t slot) const {
    return std::string_view(slots[slot]).substr(0, kMasterIdBytes);
  }
  std::string_view wrapped(size_t slot) const { return std::string_view(slots[slot]).substr(kMasterIdBytes); }
};

std::string bound_to_file(std::string_view fixed, std::string_view master) {
  return fmt::format("limner weights key 1|{}|{}", master, to_hex(fixed));
}

Result<SealedHeader> read_sealed_header(const FileHandle& file, const fs::path& path) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return system_error(path, "read", errno);
  const auto size = static_cast<uint64_t>(status.st_size);
  if (size < kWeightsHeaderBytes + kAeadTagBytes) return damaged_weights(path, "is cut off in its header");
  std::string bytes(kWeightsHeaderBytes, '\0');
  TRY(read_at(file, path, bytes.data(), bytes.size(), 0));
  if (!looks_sealed_weights(bytes)) return damaged_weights(path, "is not encrypted");
  SealedHeader header;
  header.fixed = bytes.substr(0, kFixedBytes);
  for (size_t i = 0; i < kSlots; ++i)
    header.slots[i] = bytes.substr(kFixedBytes + i * kSlotBytes, kSlotBytes);
  header.plain = number_of_big_endian(std::string_view(bytes).substr(kWeightsMagic.size(), kLengthBytes));
  // Before anything is multiplied: no file is that long.
  if (header.plain > size ||
      kWeightsHeaderBytes + header.plain + weight_chunks(header.plain) * kAeadTagBytes != size)
    return damaged_weights(path, "is longer or shorter than it was");
  return header;
}

struct FileSecret {
  std::string secret;
  size_t slot = 0;  ///< that opened
};

// By whichever slot a master key is at hand for.
Result<FileSecret> secret_of_file(const SealedHeader& header, const fs::path& path, WeightKeys& keys) {
  Error why = damaged_weights(path, "names no master key");
  for (size_t i = 0; i < kSlots; ++i) {
    if (!header.used(i)) continue;
    Result<std::string> secret =
        keys.unwrap(header.wrapped(i), bound_to_file(header.fixed, header.master(i)), header.master(i));
    if (secret && secret->size() == kAeadKeyBytes) return FileSecret{std::move(*secret), i};
    if (!secret) why = secret.error();
  }
  // Whose key it is that does not open it.
  why.message = fmt::format("{}: {}", path.string(), why.message);
  return why;
}

Aes256Gcm contents_cipher(std::string& secret, std::string_view fixed) {
  std::string key = hmac_sha256(secret, std::string("limner weights 1\0", 17).append(fixed));
  wipe(secret);
  struct Wipe {
    std::string& key;
    ~Wipe() { wipe(key); }
  } wipe_at_end{key};
  return Aes256Gcm(key);
}

/// The contents of a sealed file in order.
class SealedReader {
 public:
  static Result<SealedReader> open(const FileHandle& file, const fs::path& path, WeightKeys& keys) {
    SealedHeader header = TRY(read_sealed_header(file, path));
    std::string secret = TRY(secret_of_file(header, path, keys)).secret;
    return SealedReader(file, path, header.plain, secret, header.fixed);
  }

  uint64_t plain() const { return plain_; }

  /// The next bytes, which are the next call's to overwrite; none at the end.
  Result<std::string_view> next() {
    const uint64_t chunks = std::min<uint64_t>(weight_chunks(plain_) - chunk_, kChunksAtOnce);
    if (chunks == 0) return std::string_view();
    const uint64_t left = plain_ - chunk_ * kWeightsChunk;
    const size_t bytes = static_cast<size_t>(std::min<uint64_t>(left, chunks * kWeightsChunk));
    sealed_.resize(bytes + static_cast<size_t>(chunks) * kAeadTagBytes);
    TRY(read_at(file_, path_, sealed_.data(), sealed_.size(),
                kWeightsHeaderBytes + chunk_ * kSealedWeightsChunk));
    plain_bytes_.clear();
    for (uint64_t i = 0; i < chunks; ++i, ++chunk_) {
      const std::string_view one =
          std::string_view(sealed_).substr(static_cast<size_t>(i) * kSealedWeightsChunk, kSealedWeightsChunk);
      if (!cipher_->open(big_endian_number(chunk_, kAeadNonceBytes), {}, one, plain_bytes_)) {
        wipe(plain_bytes_);
        return damaged_weights(path_, "is not what was encrypted");
      }
    }
    return std::string_view(plain_bytes_);
  }

 private:
  SealedReader(const FileHandle& file, const fs::path& path, uint64_t plain, std::string& secret,
               std::string_view fixed)
      : file_(file), path_(path), plain_(plain), cipher_(new Aes256Gcm(contents_cipher(secret, fixed))) {}

  const FileHandle& file_;
  const fs::path& path_;
  uint64_t plain_, chunk_ = 0;
  std::unique_ptr<Aes256Gcm> cipher_;
  std::string sealed_, plain_bytes_;
};

/// A file that takes another's place when it is whole.
class Replacement {
 public:
  static Result<Replacement> begin(const fs::path& path) {
    struct stat status {};
    const FileHandle old = TRY(open_regular(path, status));
    fs::path made = path.parent_path() / fmt::format(".{}.part", new_id("tmp"));
    FileHandle file(::open(made.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, status.st_mode & 0777));
    if (!file.valid()) return system_error(made, "make", errno);
    return Replacement(path, std::move(made), std::move(file));
  }
  Replacement(Replacement&&) = default;
  ~Replacement() {
    if (file_.valid()) ::unlink(made_.c_str());
  }

  Result<void> put(std::string_view bytes) { return write_all(file_, made_, bytes); }
  Result<void> finish() {
    if (::fsync(file_.get()) != 0 || ::rename(made_.c_str(), path_.c_str()) != 0)
      return system_error(path_, "write", errno);
    if (!file_.close()) return system_error(path_, "write", errno);
    return {};
  }

 private:
  Replacement(fs::path path, fs::path made, FileHandle file)
      : path_(std::move(path)), made_(std::move(made)), file_(std::move(file)) {}
  fs::path path_, made_;
  FileHandle file_;
};

// The file itself: what lies behind a link is what must not stay as it was.
Result<fs::path> real_file(const fs::path& path) {
  std::error_code error;
  fs::path real = fs::canonical(path, error);
  if (error) return not_found(path.string(), "cannot be found: " + error.message());
  return real;
}

}  // namespace

void set_weight_keys(std::function<Result<std::shared_ptr<WeightKeys>>()> source) {
  key_source() = std::move(source);
}

Result<std::shared_ptr<WeightKeys>> weight_keys() {
  if (key_source()) return key_source()();
  return invalid("encryption.master_key", "is not set, and these weights are encrypted");
}

bool looks_sealed_weights(std::string_view bytes) { return bytes.starts_with(kWeightsMagic); }

Result<bool> is_sealed_weights(const fs::path& path) {
  struct stat status {};
  const FileHandle file = TRY(open_regular(path, status));
  if (static_cast<size_t>(status.st_size) < kWeightsMagic.size()) return false;
  std::string begin(kWeightsMagic.size(), '\0');
  TRY(read_at(file, path, begin.data(), begin.size(), 0));
  return looks_sealed_weights(begin);
}

Result<FileHandle> open_sealed_weights(const FileHandle& file, const fs::path& path, uint64_t& plain_bytes) {
  const std::shared_ptr<WeightKeys> keys = TRY(weight_keys());
  SealedReader reader = TRY(SealedReader::open(file, path, *keys));
  FileHandle memory(::memfd_create("limner-weights", MFD_CLOEXEC));
  if (!memory.valid()) return system_error(path, "take into memory", errno);
  for (;;) {
    const std::string_view piece = TRY(reader.next());
    if (piece.empty()) break;
    TRY(write_all(memory, path, piece));
  }
  plain_bytes = reader.plain();
  return memory;
}

Result<void> read_weights(const fs::path& path,
                          const std::function<Result<void>(std::span<const std::byte>)>& piece) {
  struct stat status {};
  const FileHandle file = TRY(open_regular(path, status));
  if (TRY(is_sealed_weights(path))) {
    const std::shared_ptr<WeightKeys> keys = TRY(weight_keys());
    SealedReader reader = TRY(SealedReader::open(file, path, *keys));
    for (;;) {
      const std::string_view bytes = TRY(reader.next());
      if (bytes.empty()) return {};
      TRY(piece(as_bytes(bytes)));
    }
  }
  std::string buffer(size_t{4} << 20, '\0');
  for (;;) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(path, "read", errno);
    if (got == 0) return {};
    TRY(piece(as_bytes(std::string_view(buffer).substr(0, static_cast<size_t>(got)))));
  }
}

Result<std::string> weights_file_sha256(const fs::path& path) {
  Sha256 digest;
  TRY(read_weights(path, [&](std::span<const std::byte> piece) -> Result<void> {
    digest.update(piece);
    return {};
  }));
  return digest.finish_hex();
}

Result<bool> seal_weights(const fs::path& link, WeightKeys& keys) {
  const fs::path path = TRY(real_file(link));
  if (TRY(is_sealed_weights(path))) return false;
  struct stat status {};
  const FileHandle plain = TRY(open_regular(path, status));
  const auto size = static_cast<uint64_t>(status.st_size);
  const std::string fixed = std::string(kWeightsMagic)
                                .append(big_endian_number(size, kLengthBytes))
                                .append(random_bytes(kFileSaltBytes));
  std::string secret = random_bytes(kAeadKeyBytes);
  const std::string master = keys.wraps_by();
  const std::string wrapped = TRY(keys.wrap(secret, bound_to_file(fixed, master)));
  LIMNER_CHECK(master.size() == kMasterIdBytes && wrapped.size() == kWrappedKeyBytes, "a slot is filled");
  Aes256Gcm cipher = contents_cipher(secret, fixed);
  Replacement made = TRY(Replacement::begin(path));
  TRY(made.put(fixed + master + wrapped + std::string(kSlotBytes, '\0')));
  std::string piece, sealed;
  for (uint64_t chunk = 0; chunk < weight_chunks(size); ++chunk) {
    const uint64_t begin = chunk * kWeightsChunk;
    piece.resize(static_cast<size_t>(std::min<uint64_t>(size - begin, kWeightsChunk)));
    TRY(read_at(plain, path, piece.data(), piece.size(), begin));
    sealed.clear();
    cipher.seal(big_endian_number(chunk, kAeadNonceBytes), {}, piece, sealed);
    TRY(made.put(sealed));
  }
  TRY(made.finish());
  return true;
}

Result<bool> unseal_weights(const fs::path& link) {
  const fs::path path = TRY(real_file(link));
  if (!TRY(is_sealed_weights(path))) return false;
  Replacement made = TRY(Replacement::begin(path));
  TRY(read_weights(path, [&](std::span<const std::byte> piece) {
    return made.put({reinterpret_cast<const char*>(piece.data()), piece.size()});
  }));
  TRY(made.finish());
  return true;
}

Result<bool> rewrap_weights(const fs::path& link, WeightKeys& keys) {
  const fs::path path = TRY(real_file(link));
  const FileHandle file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!file.valid()) return system_error(path, "open", errno);
  const SealedHeader header = TRY(read_sealed_header(file, path));
  FileSecret opened = TRY(secret_of_file(header, path, keys));
  const std::string master = keys.wraps_by();
  size_t keep = opened.slot;
  const bool wrapped_anew = header.master(opened.slot) != master;
  if (wrapped_anew) {
    const Result<std::string> wrapped = keys.wrap(opened.secret, bound_to_file(header.fixed, master));
    wipe(opened.secret);
    if (!wrapped) return wrapped.error();
    keep = 1 - opened.slot;
    TRY(write_slot(file, path, keep, master + *wrapped));
  }
  wipe(opened.secret);
  // Also what a rotation that was ended in between has left.
  const bool cleared = wrapped_anew || header.used(1 - keep);
  if (cleared) TRY(write_slot(file, path, 1 - keep, std::string(kSlotBytes, '\0')));
  return cleared;
}

}  // namespace limner
