#include "audit/checkpoint.h"

#include <gtest/gtest.h>

#include "audit/merkle_tree.h"
#include "base/crypto.h"

namespace limner {
namespace {

const std::string kRoot = leaf_hash("x");

TEST(Checkpoint, IsThreeLinesAndASignature) {
  const NoteSigner signer = NoteSigner::make("limner-audit/test");
  const std::string note = sign_checkpoint(7, kRoot, signer);
  EXPECT_TRUE(
      note.starts_with("limner-audit/test\n7\n" + to_base64(kRoot) + "\n\n\xe2\x80\x94 limner-audit/test "))
      << note;
  EXPECT_EQ(open_checkpoint(note, signer.verifier(), "c").value(),
            (Checkpoint{"limner-audit/test", 7, kRoot}));
}

TEST(Checkpoint, MayHaveExtensions) {
  const NoteSigner signer = NoteSigner::make("log");
  const std::string note = sign_note("log\n7\n" + to_base64(kRoot) + "\nmore\n", signer);
  EXPECT_EQ(open_checkpoint(note, signer.verifier(), "c").value().size, 7u);
}

TEST(Checkpoint, RefusesWhatIsNone) {
  const NoteSigner signer = NoteSigner::make("log");
  const std::string root = to_base64(kRoot);
  const std::vector<std::string> texts = {"log\n",
                                          "log\n7\n",
                                          "log\n07\n" + root + "\n",
                                          "log\n-1\n" + root + "\n",
                                          "log\n7x\n" + root + "\n",
                                          "log\n99999999999999999999\n" + root + "\n",
                                          "log\n7\nAAAA\n",
                                          "log\n7\n" + root + "AAAA\n"};
  for (const std::string& text : texts)
    EXPECT_FALSE(open_checkpoint(sign_note(text, signer), signer.verifier(), "c")) << text;
  EXPECT_EQ(
      open_checkpoint(sign_note("other\n7\n" + root + "\n", signer), signer.verifier(), "c").error().code,
      Code::unauthenticated);
  std::string changed = sign_checkpoint(7, kRoot, signer);
  changed[4] = '8';
  EXPECT_EQ(open_checkpoint(changed, signer.verifier(), "c").error().code, Code::unauthenticated);
}

}  // namespace
}  // namespace limner
