// Notes, keys and checkpoints from outside: whatever they are, they are read or refused. The first byte
// chooses what the rest is.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "audit/checkpoint.h"
#include "audit/signed_note.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  static const limner::NoteVerifier verifier =
      limner::NoteVerifier::parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "key")
          .value();
  switch (data[0]) {
    case 'n':
      static_cast<void>(limner::open_note(text, verifier, "note"));
      break;
    case 'c':
      static_cast<void>(limner::open_checkpoint(text, verifier, "checkpoint"));
      break;
    case 'v':
      if (const auto key = limner::NoteVerifier::parse(text, "key"))
        LIMNER_CHECK(limner::NoteVerifier::parse(key->text(), "key").has_value(),
                     "a key that is read is written");
      break;
    case 's':
      if (const auto key = limner::NoteSigner::parse(text, "key"))
        LIMNER_CHECK(limner::NoteSigner::parse(key->text(), "key").has_value(),
                     "a key that is read is written");
      break;
    default:
      break;
  }
  return 0;
}
