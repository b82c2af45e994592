#include "audit/signed_note.h"

#include <fmt/format.h>

#include <algorithm>

#include "audit/ed25519.h"
#include "base/crypto.h"

namespace limner {
namespace {

constexpr size_t kNameBytesMax = 200;
constexpr size_t kNoteBytesMax = 1u << 20;
constexpr int kSignaturesMax = 100;
constexpr size_t kKeyIdBytes = 4;
constexpr char kEd25519 = '\1';
constexpr std::string_view kSecret = "PRIVATE+KEY+";
constexpr std::string_view kDash = "\xe2\x80\x94 ";  // an em dash and a blank begin a signature's line

bool is_key_name(std::string_view name) {
  const auto odd = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '+' || c == 0x7f; };
  return !name.empty() && name.size() <= kNameBytesMax && std::ranges::none_of(name, odd);
}

std::string key_id_of(std::string_view name, std::string_view public_key) {
  std::string bytes(name);
  bytes += '\n';
  bytes += kEd25519;
  return sha256_bytes(bytes.append(public_key)).substr(0, kKeyIdBytes);
}

struct KeyParts {
  std::string name, key_id, key;
};

// NAME+KEYID+BASE64 of 0x01 and 32 bytes.
Result<KeyParts> split_key(std::string_view text, std::string_view field) {
  const auto wrong = [&] { return invalid(std::string(field), "is not NAME+KEYID+BASE64"); };
  const size_t first = text.find('+');
  if (first == std::string_view::npos) return wrong();
  const size_t second = text.find('+', first + 1);
  if (second == std::string_view::npos) return wrong();
  const std::string_view name = text.substr(0, first);
  const std::string key = TRY(from_base64(text.substr(second + 1), field, 1 + kEd25519KeyBytes));
  if (!is_key_name(name) || key.size() != 1 + kEd25519KeyBytes || key[0] != kEd25519) return wrong();
  return KeyParts{std::string(name), std::string(text.substr(first + 1, second - first - 1)), key.substr(1)};
}

struct SignatureLine {
  std::string_view name;
  std::string bytes;  ///< key id and signature
};

Result<SignatureLine> read_signature(std::string_view line, std::string_view field) {
  const auto wrong = [&] {
    return invalid(std::string(field), "has a line among its signatures that is none");
  };
  if (!line.starts_with(kDash)) return wrong();
  line.remove_prefix(kDash.size());
  const size_t blank = line.find(' ');
  if (blank == std::string_view::npos || !is_key_name(line.substr(0, blank))) return wrong();
  SignatureLine read{line.substr(0, blank), {}};
  read.bytes = TRY(from_base64(line.substr(blank + 1), field, kNoteBytesMax));
  if (read.bytes.size() <= kKeyIdBytes) return wrong();
  return read;
}

}  // namespace

NoteVerifier::NoteVerifier(std::string name, std::string public_key)
    : name_(std::move(name)), public_key_(std::move(public_key)), key_id_(key_id_of(name_, public_key_)) {}

Result<NoteVerifier> NoteVerifier::parse(std::string_view text, std::string_view field) {
  KeyParts parts = TRY(split_key(text, field));
  NoteVerifier verifier(std::move(parts.name), std::move(parts.key));
  if (to_hex(verifier.key_id_) != parts.key_id)
    return invalid(std::string(field), "its key id is not that of its key");
  return verifier;
}

std::string NoteVerifier::text() const {
  return fmt::format("{}+{}+{}", name_, to_hex(key_id_), to_base64(std::string(1, kEd25519) + public_key_));
}

bool NoteVerifier::signed_it(std::string_view message, std::string_view signature) const {
  return ed25519_verify(public_key_, message, signature);
}

NoteSigner NoteSigner::make(std::string name) {
  std::string seed = random_bytes(kEd25519KeyBytes);
  NoteVerifier verifier(std::move(name), ed25519_public_key(seed));
  return NoteSigner(std::move(verifier), std::move(seed));
}

Result<NoteSigner> NoteSigner::parse(std::string_view text, std::string_view field) {
  if (!text.starts_with(kSecret)) return invalid(std::string(field), "does not begin with PRIVATE+KEY+");
  KeyParts parts = TRY(split_key(text.substr(kSecret.size()), field));
  NoteVerifier verifier(std::move(parts.name), ed25519_public_key(parts.key));
  if (to_hex(verifier.key_id()) != parts.key_id)
    return invalid(std::string(field), "its key id is not that of its key");
  return NoteSigner(std::move(verifier), std::move(parts.key));
}

std::string NoteSigner::text() const {
  return fmt::format("{}{}+{}+{}", kSecret, name(), to_hex(verifier_.key_id()),
                     to_base64(std::string(1, kEd25519) + seed_));
}

std::string NoteSigner::sign(std::string_view message) const { return ed25519_sign(seed_, message); }

std::string NoteSigner::derive(std::string_view purpose) const { return hmac_sha256(seed_, purpose); }

std::string sign_note(std::string_view text, const NoteSigner& signer) {
  return fmt::format("{}\n{}{} {}\n", text, kDash, signer.name(),
                     to_base64(signer.verifier().key_id() + signer.sign(text)));
}

Result<std::string> open_note(std::string_view note, const NoteVerifier& verifier, std::string_view field) {
  if (note.size() > kNoteBytesMax)
    return Error{
        Code::too_large, std::string(field), fmt::format("has more than {} bytes", kNoteBytesMax), {}};
  // The text may hold empty lines: the signatures are what follows the last.
  const size_t gap = note.rfind("\n\n");
  if (gap == std::string_view::npos || !note.ends_with('\n') || gap + 2 == note.size())
    return invalid(std::string(field), "is not a text with signatures under it");
  const std::string_view text = note.substr(0, gap + 1);
  std::string_view lines = note.substr(gap + 2);
  bool found = false;
  for (int count = 0; !lines.empty(); ++count) {
    if (count == kSignaturesMax)
      return invalid(std::string(field), fmt::format("has more than {} signatures", kSignaturesMax));
    const size_t end = lines.find('\n');
    const SignatureLine line = TRY(read_signature(lines.substr(0, end), field));
    lines.remove_prefix(end + 1);
    const std::string_view bytes = line.bytes;
    // Others' signatures say nothing to who does not know their keys.
    if (line.name != verifier.name() || bytes.substr(0, kKeyIdBytes) != verifier.key_id()) continue;
    if (!verifier.signed_it(text, bytes.substr(kKeyIdBytes)))
      return Error{Code::unauthenticated, std::string(field), "its signature is wrong", {}};
    found = true;
  }
  if (!found)
    return Error{Code::unauthenticated,
                 std::string(field),
                 fmt::format("has no signature of {}", verifier.name()),
                 {}};
  return std::string(text);
}

}  // namespace limner
