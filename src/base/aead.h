#pragma once
// Bytes that only the holder of a key can read, and that nobody else can change unseen.

#include <memory>
#include <string>
#include <string_view>

struct evp_cipher_ctx_st;

namespace limner {

inline constexpr size_t kAeadKeyBytes = 32;
inline constexpr size_t kAeadNonceBytes = 12;
inline constexpr size_t kAeadTagBytes = 16;

/// AES-256-GCM (NIST SP 800-38D) with one key, for any number of messages. A nonce must never be used twice
/// with the same key. Not thread-safe.
class Aes256Gcm {
 public:
  /// `key` has kAeadKeyBytes.
  explicit Aes256Gcm(std::string_view key);
  ~Aes256Gcm();
  Aes256Gcm(const Aes256Gcm&) = delete;
  Aes256Gcm& operator=(const Aes256Gcm&) = delete;

  /// Appends `plain` encrypted, and its tag: plain.size() + kAeadTagBytes. `associated` is vouched for too,
  /// and not part of what is appended. `nonce` has kAeadNonceBytes.
  void seal(std::string_view nonce, std::string_view associated, std::string_view plain, std::string& out);
  /// Appends what was sealed; false, with `out` as it was, if key, nonce, associated bytes or any bit of
  /// `sealed` is another.
  bool open(std::string_view nonce, std::string_view associated, std::string_view sealed, std::string& out);

 private:
  struct Free {
    void operator()(evp_cipher_ctx_st* context) const;
  };
  std::unique_ptr<evp_cipher_ctx_st, Free> seal_, open_;
};

/// Overwrites a secret that is not needed any more.
void wipe(std::string& secret);

}  // namespace limner
