#include "provenance/x509/token_key.h"

#include <fmt/format.h>
#include <openssl/engine.h>

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <optional>

#include "base/files.h"

// Engines are what Debian 12 can load a PKCS#11 module with; OpenSSL 3 calls them deprecated.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace limner {
namespace {

constexpr size_t kPinBytesMax = 256;
constexpr std::string_view kUriScheme = "pkcs11:";

/// A URI taken apart: what names the key, and how its token is reached.
struct TokenUri {
  std::string object;  // without its query
  std::string module;
  std::filesystem::path pin_file;
};

std::optional<std::string> unescaped(std::string_view text) {
  std::string plain;
  const auto digit = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      plain += text[i];
      continue;
    }
    if (i + 2 >= text.size() || digit(text[i + 1]) < 0 || digit(text[i + 2]) < 0) return std::nullopt;
    plain += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
    i += 2;
  }
  if (plain.find('\0') != std::string::npos) return std::nullopt;
  return plain;
}

Result<TokenUri> take_apart(std::string_view uri, const std::string& field) {
  const auto printable = [](char c) { return c > 0x20 && c < 0x7f; };
  if (uri.size() > kTokenUriBytesMax || !uri.starts_with(kUriScheme) || !std::ranges::all_of(uri, printable))
    return invalid(field, "is no PKCS#11 URI: pkcs11:token=...;object=...?module-path=...&pin-source=...");
  const size_t query = uri.find('?');
  TokenUri token{std::string(uri.substr(0, query)), "", ""};
  if (token.object.find("pin-value") != std::string::npos)
    return invalid(field, "holds a PIN; put it into a file of its own and name that by pin-source");
  std::string_view rest = query == std::string_view::npos ? std::string_view() : uri.substr(query + 1);
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const size_t equals = std::min(part.find('='), part.size());
    const std::string_view key = part.substr(0, equals);
    const std::optional<std::string> value = unescaped(part.substr(std::min(equals + 1, part.size())));
    if (!value || value->empty()) return invalid(field, fmt::format("{} of the URI has no value", key));
    if (key == "module-path")
      token.module = *value;
    else if (key == "pin-source")
      token.pin_file = value->starts_with("file:") ? value->substr(5) : *value;
    else if (key == "pin-value")
      return invalid(field, "holds a PIN; put it into a file of its own and name that by pin-source");
    else
      return unsupported(field, fmt::format("{} of the URI is neither module-path nor pin-source", key));
  }
  return token;
}

Result<std::string> read_pin(const std::filesystem::path& path, const std::string& field) {
  Result<std::string> pin = read_file(path, kPinBytesMax);
  if (!pin) return Error{pin.error().code, field, "pin-source: " + pin.error().text(), ""};
  while (!pin->empty() && (pin->back() == '\n' || pin->back() == '\r')) pin->pop_back();
  return pin;
}

Error not_reached(const std::string& field, std::string_view what) {
  return {
      Code::unavailable, field, fmt::format("{}: {}", what, take_openssl_error()),
      "Debian's package libengine-pkcs11-openssl holds the engine; module-path names the token's library"};
}

/// The process's engine; it holds its sessions, and keys keep it alive.
class TokenEngine {
 public:
  static Result<ENGINE*> get(const std::string& module, const std::string& field) {
    static std::mutex mutex;
    static ENGINE* engine = nullptr;
    static std::string opened;
    const std::lock_guard lock(mutex);
    if (engine && module != opened)
      return unsupported(field, "another PKCS#11 module is in use by this process already");
    if (engine) return engine;
    ENGINE_load_builtin_engines();
    ENGINE* found = ENGINE_by_id("pkcs11");
    if (!found) return not_reached(field, "OpenSSL has no engine \"pkcs11\"");
    const bool placed =
        module.empty() || ENGINE_ctrl_cmd_string(found, "MODULE_PATH", module.c_str(), 0) == 1;
    if (!placed || ENGINE_init(found) != 1) {
      ENGINE_free(found);
      return not_reached(field, "the PKCS#11 module cannot be used");
    }
    engine = found;
    opened = module;
    return engine;
  }
};

}  // namespace

Result<KeyPtr> load_token_key(std::string_view uri, const std::string& field) {
  const TokenUri token = TRY(take_apart(uri, field));
  std::string pin;
  if (!token.pin_file.empty()) pin = TRY(read_pin(token.pin_file, field));
  ENGINE* engine = TRY(TokenEngine::get(token.module, field));
  // An engine that is not given a PIN would ask for it at the terminal.
  if (!pin.empty() && ENGINE_ctrl_cmd_string(engine, "PIN", pin.c_str(), 0) != 1)
    return not_reached(field, "the PIN was not taken");
  KeyPtr key(ENGINE_load_private_key(engine, token.object.c_str(), nullptr, nullptr));
  if (!key) return not_reached(field, "the token has no such key, or the PIN is wrong");
  return key;
}

}  // namespace limner

#pragma GCC diagnostic pop
