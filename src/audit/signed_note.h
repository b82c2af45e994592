#pragma once
// Texts with signatures under them: C2SP's signed notes (c2sp.org/signed-note), as Go's checksum database and
// Certificate Transparency's witnesses read and write them. Ed25519 only.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace limner {

/// Who may have signed a note. Its text is "NAME+KEYID+BASE64", a verifier key of C2SP.
class NoteVerifier {
 public:
  /// `invalid` with `field` for what is no verifier key, or whose key id is another's.
  static Result<NoteVerifier> parse(std::string_view text, std::string_view field);
  NoteVerifier(std::string name, std::string public_key);

  const std::string& name() const { return name_; }
  std::string text() const;
  /// The first four bytes of SHA-256 of name, newline, 0x01 and the public key.
  const std::string& key_id() const { return key_id_; }
  bool signed_it(std::string_view message, std::string_view signature) const;

 private:
  std::string name_, public_key_, key_id_;
};

/// Who signs notes. Holds a secret.
class NoteSigner {
 public:
  /// A new key. The name has neither blanks nor '+'.
  static NoteSigner make(std::string name);
  /// "PRIVATE+KEY+NAME+KEYID+BASE64"; `invalid` with `field`.
  static Result<NoteSigner> parse(std::string_view text, std::string_view field);

  const std::string& name() const { return verifier_.name(); }
  const NoteVerifier& verifier() const { return verifier_; }
  /// The secret itself, as it is kept in a file.
  std::string text() const;
  /// The 64 bytes of the signature.
  std::string sign(std::string_view message) const;
  /// A secret for another purpose that whoever has this key can find again.
  std::string derive(std::string_view purpose) const;

 private:
  NoteSigner(NoteVerifier verifier, std::string seed)
      : verifier_(std::move(verifier)), seed_(std::move(seed)) {}
  NoteVerifier verifier_;
  std::string seed_;
};

/// `text` (lines, the last one ended) with a signature.
std::string sign_note(std::string_view text, const NoteSigner& signer);

/// The text of a note, once a signature of `verifier` is found under it. `invalid` for what is no note;
/// `unauthenticated` where the signature is missing or wrong. The error's field is `field`.
Result<std::string> open_note(std::string_view note, const NoteVerifier& verifier, std::string_view field);

}  // namespace limner
