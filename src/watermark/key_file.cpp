#include "watermark/key_file.h"

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/files.h"
#include "base/json.h"
#include "base/secret_file.h"

namespace limner {
namespace {

namespace fs = std::filesystem;

constexpr size_t kSecretBytes = 32;
constexpr size_t kFileBytesMax = 4096;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

Result<std::string> secret_of(const std::string& hex, const fs::path& path) {
  const auto wrong = [&] {
    return invalid(path.string() + ": secret",
                   fmt::format("is not {} lower-case hexadecimal digits", 2 * kSecretBytes));
  };
  if (hex.size() != 2 * kSecretBytes) return wrong();
  std::string secret;
  for (size_t i = 0; i < hex.size(); i += 2) {
    const int high = hex_digit(hex[i]), low = hex_digit(hex[i + 1]);
    if (high < 0 || low < 0) return wrong();
    secret += static_cast<char>(high << 4 | low);
  }
  return secret;
}

Result<void> make_private_folder(const fs::path& folder) {
  std::error_code error;
  if (folder.empty() || fs::is_directory(folder, error)) return {};
  fs::create_directories(folder, error);
  if (!error) fs::permissions(folder, fs::perms::owner_all, error);
  if (error) return Error{Code::unavailable, folder.string(), "cannot be made: " + error.message(), ""};
  return {};
}

// No key is ever replaced: one that another makes meanwhile is everybody's.
Result<void> make_key_file(const fs::path& path) {
  TRY(make_private_folder(path.parent_path()));
  const Json text = {{"version", 1}, {"label", 1}, {"secret", to_hex(random_bytes(kSecretBytes))}};
  TRY(make_secret_file(path, text.dump() + "\n"));
  return {};
}

}  // namespace

Result<WatermarkKey> read_watermark_key(const fs::path& path) {
  const std::string text = TRY(read_file(path, kFileBytesMax));
  const Json json = TRY(parse_json(text, path.string(), {.bytes_max = kFileBytesMax, .depth_max = 2}));
  const auto wrong = [&](const char* field, const char* what) {
    return invalid(path.string() + ": " + field, what);
  };
  if (!json.is_object()) return invalid(path.string(), "is not the file of a watermark key");
  if (json.value("version", Json()) != Json(1)) return wrong("version", "is not 1");
  const Json label = json.value("label", Json());
  if (!label.is_number_integer() || label < 0 || label > 255) return wrong("label", "is not within 0 to 255");
  const Json secret = json.value("secret", Json());
  if (!secret.is_string()) return wrong("secret", "is missing");
  return WatermarkKey{TRY(secret_of(secret.get<std::string>(), path)), label.get<uint8_t>()};
}

std::string watermark_key_name(const WatermarkKey& key) {
  return to_hex(hmac_sha256(key.secret, "limner watermark key name 1")).substr(0, 16);
}

Result<WatermarkKey> open_watermark_key(const fs::path& path) {
  Result<WatermarkKey> key = read_watermark_key(path);
  if (key || key.error().code != Code::not_found) return key;
  TRY(make_key_file(path));
  return read_watermark_key(path);
}

}  // namespace limner
