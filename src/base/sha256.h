#pragma once
// SHA-256, the name by which files and weights are known.

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"

namespace limner {

/// A digest of bytes that come in pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  void update(std::span<const std::byte> bytes);
  /// 64 lower-case hexadecimal digits for everything given; call once, last.
  std::string finish_hex();
  /// The same as 32 bytes.
  std::string finish_bytes();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

/// The SHA-256 of `bytes` in 64 lower-case hexadecimal digits.
std::string sha256_hex(std::span<const std::byte> bytes);
/// The same of a whole regular file; errors as those of `read_file`.
Result<std::string> sha256_file(const std::filesystem::path& path);

}  // namespace limner
