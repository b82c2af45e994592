#include "store/master_keys.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>

#include "base/aead.h"
#include "base/check.h"
#include "base/crypto.h"
#include "base/files.h"
#include "base/secret_file.h"

namespace limner {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kLine = "limner-master-1:";
constexpr size_t kMasterFileBytesMax = 16u << 10;
constexpr size_t kMasterKeysMax = 64;

// What a wrapped key is bound to: moved to another row, it opens nothing.
std::string bound_to(std::string_view id, std::string_view owner, std::string_view master) {
  return fmt::format("limner data key 1|{}|{}|{}", id, owner, master);
}

// Of a file that may be anybody's.
std::string printable_id(std::string_view id) {
  const bool plain = std::ranges::all_of(id, [](unsigned char c) { return std::isxdigit(c) != 0; });
  return plain ? std::string(id) : "of another kind";
}

Error no_master_file(const fs::path& path, std::string_view what) {
  return invalid(path.string(), std::string(what), "limner encryption init FILE makes one");
}

}  // namespace

MasterKeys::Key MasterKeys::make_key(std::string secret) {
  std::string id = to_hex(sha256_bytes("limner master key 1|" + secret).substr(0, 8));
  return {std::move(id), std::move(secret)};
}

MasterKeys MasterKeys::make() { return MasterKeys({make_key(random_bytes(kAeadKeyBytes))}); }

Result<MasterKeys> MasterKeys::read(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && (status.st_mode & S_IROTH))
    return invalid(path.string(), "everybody can read it", "chmod o= FILE");
  const std::string text = TRY(read_file(path, kMasterFileBytesMax));
  std::vector<Key> keys;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.empty()) continue;
    if (!line.starts_with(kLine)) return no_master_file(path, "has a line that is no master key");
    // What from_base64() says of a text, it says with that text: this one stays here.
    Result<std::string> secret = from_base64(line.substr(kLine.size()), "key", kAeadKeyBytes);
    if (!secret || secret->size() != kAeadKeyBytes)
      return no_master_file(path, "has a master key that is not 32 bytes in base64");
    keys.push_back(make_key(std::move(*secret)));
    if (keys.size() > kMasterKeysMax) return no_master_file(path, "has more than 64 master keys");
  }
  if (keys.empty()) return no_master_file(path, "has no master key");
  return MasterKeys(std::move(keys));
}

Result<void> MasterKeys::write(const fs::path& path, bool fresh) const {
  std::string text;
  for (const Key& key : keys_) text.append(kLine).append(to_base64(key.secret)).append("\n");
  Result<void> written;
  if (fresh) {
    const Result<bool> made = make_secret_file(path, text);
    if (!made)
      written = made.error();
    else if (!*made)
      written = Error{Code::conflict, path.string(), "the file exists already", "name one that does not"};
  } else {
    written = replace_secret_file(path, text);
  }
  wipe(text);
  return written;
}

const MasterKeys::Key* MasterKeys::find(std::string_view id) const {
  const auto found = std::ranges::find(keys_, id, &Key::id);
  return found == keys_.end() ? nullptr : &*found;
}

bool MasterKeys::has(std::string_view id) const { return find(id) != nullptr; }

MasterKeys MasterKeys::with_new() const {
  std::vector<Key> keys = keys_;
  keys.insert(keys.begin(), make_key(random_bytes(kAeadKeyBytes)));
  keys.resize(std::min(keys.size(), kMasterKeysMax));
  return MasterKeys(std::move(keys));
}

MasterKeys MasterKeys::newest() const { return MasterKeys({keys_.front()}); }

std::string MasterKeys::wrap_bytes(std::string_view secret, std::string_view bound,
                                   std::string_view by) const {
  const Key* master = find(by);
  LIMNER_CHECK(master != nullptr, "who wraps has the key");
  std::string wrapped = random_bytes(kAeadNonceBytes);
  const std::string nonce = wrapped;
  Aes256Gcm(master->secret).seal(nonce, bound, secret, wrapped);
  return wrapped;
}

Result<std::string> MasterKeys::unwrap_bytes(std::string_view wrapped, std::string_view bound,
                                             std::string_view by) const {
  const Key* master = find(by);
  if (!master)
    return Error{Code::unavailable, "encryption.master_key",
                 fmt::format("has not the master key {}, which wraps the key", printable_id(by)),
                 "name the file that has it"};
  std::string secret;
  const bool opened =
      wrapped.size() == kAeadNonceBytes + kAeadKeyBytes + kAeadTagBytes &&
      Aes256Gcm(master->secret)
          .open(wrapped.substr(0, kAeadNonceBytes), bound, wrapped.substr(kAeadNonceBytes), secret);
  if (!opened) return Error{Code::data_loss, "key", "is not what was wrapped", {}};
  return secret;
}

std::string MasterKeys::wrap(const DataKey& key, std::string_view owner, std::string_view by) const {
  return to_base64(wrap_bytes(key.secret, bound_to(key.id, owner, by), by));
}

Result<DataKey> MasterKeys::unwrap(std::string_view wrapped, std::string_view id, std::string_view owner,
                                   std::string_view by) const {
  const Result<std::string> bytes =
      from_base64(wrapped, "data key", kAeadNonceBytes + kAeadKeyBytes + kAeadTagBytes);
  Result<std::string> secret = unwrap_bytes(bytes ? *bytes : std::string(), bound_to(id, owner, by), by);
  if (secret) return DataKey{std::string(id), std::move(*secret)};
  Error error = secret.error();
  if (error.code == Code::data_loss)
    error = {Code::data_loss, "data key", fmt::format("{} is not what was wrapped", id), {}};
  return error;
}

}  // namespace limner
