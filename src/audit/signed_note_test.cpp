#include "audit/signed_note.h"

#include <gtest/gtest.h>

#include "audit/ed25519.h"
#include "base/crypto.h"

namespace limner {
namespace {

// The example of golang.org/x/mod/sumdb/note, whose format C2SP's is.
constexpr const char* kSecret =
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
constexpr const char* kPublic = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
constexpr const char* kText =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n";
constexpr const char* kSignature =
    "\n\xe2\x80\x94 PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

TEST(Ed25519, IsThatOfRfc8032) {
  // Section 7.1, TEST 1.
  const std::string seed = from_base64("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=", "seed", 32).value();
  EXPECT_EQ(to_hex(ed25519_public_key(seed)),
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  const std::string signature = ed25519_sign(seed, "");
  EXPECT_EQ(
      to_hex(signature),
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25b"
      "f5f0595bbe24655141438e7a100b");
  EXPECT_TRUE(ed25519_verify(ed25519_public_key(seed), "", signature));
  EXPECT_FALSE(ed25519_verify(ed25519_public_key(seed), "x", signature));
  EXPECT_FALSE(ed25519_verify("short", "", signature));
}

TEST(SignedNote, IsWrittenAsOthersWriteIt) {
  const NoteSigner signer = NoteSigner::parse(kSecret, "key").value();
  EXPECT_EQ(signer.verifier().text(), kPublic);
  EXPECT_EQ(signer.text(), kSecret);
  EXPECT_EQ(sign_note(kText, signer), std::string(kText) + kSignature);
}

TEST(SignedNote, IsReadAsOthersWriteIt) {
  const NoteVerifier verifier = NoteVerifier::parse(kPublic, "key").value();
  const std::string note = std::string(kText) + kSignature;
  EXPECT_EQ(open_note(note, verifier, "note").value(), kText);
  std::string changed = note;
  changed[3] = 'Y';
  EXPECT_EQ(open_note(changed, verifier, "note").error().code, Code::unauthenticated);
  const NoteSigner other = NoteSigner::make("other");
  EXPECT_EQ(open_note(note, other.verifier(), "note").error().code, Code::unauthenticated);
  // Another's signature beside it does no harm.
  const std::string both = note + sign_note(kText, other).substr(std::string(kText).size() + 1);
  EXPECT_EQ(open_note(both, verifier, "note").value(), kText);
  EXPECT_EQ(open_note(both, other.verifier(), "note").value(), kText);
}

TEST(SignedNote, RefusesWhatIsNone) {
  const NoteVerifier verifier = NoteVerifier::parse(kPublic, "key").value();
  for (const char* text :
       {"", "\n", "\n\n", "text\n", "text\n\n", "text\n\nname AAAA\n", "text\n\n\xe2\x80\x94 name\n",
        "text\n\n\xe2\x80\x94 name ???\n", "text\n\n\xe2\x80\x94 name AAAA\n"})
    EXPECT_EQ(open_note(text, verifier, "note").error().code, Code::invalid) << text;
}

TEST(SignedNote, RefusesKeysThatAreNone) {
  for (const char* text :
       {"", "a", "a+b", "a+b+c", "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+Ahpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"})
    EXPECT_EQ(NoteVerifier::parse(text, "key").error().code, Code::invalid) << text;
  EXPECT_EQ(NoteSigner::parse(kPublic, "key").error().code, Code::invalid);
}

}  // namespace
}  // namespace limner
