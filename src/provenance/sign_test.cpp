#include "provenance/sign.h"

#include "image/file_metadata.h"
#include "provenance/local_chain.h"
#include "provenance/test_pictures.h"

namespace limner {
namespace {

using namespace testing_pictures;

SignatureReport verified_by(const std::string& file, const TestChain& chain, TimeUs now = kNow) {
  const Result<SignatureReport> report = verify_picture(file, *chain.anchors, now);
  EXPECT_TRUE(report) << report.error().text();
  return *report;
}

std::string signed_file(const TestChain& chain, Format format = Format::png,
                        const PictureOrigin& origin = {}) {
  const Result<std::string> file = sign_picture(file_of(format), format, *chain.signer(), origin);
  EXPECT_TRUE(file) << file.error().text();
  return *file;
}

TEST(Signing, EveryFormatAndAlgorithmIsTrusted) {
  for (const KeyAlgorithm algorithm : {KeyAlgorithm::es256, KeyAlgorithm::ed25519}) {
    const TestChain chain(algorithm);
    for (const Format format : kSigned) {
      const std::string file = signed_file(chain, format);
      const SignatureReport report = verified_by(file, chain);
      EXPECT_EQ(report.state, SignatureState::trusted) << failures(report);
      EXPECT_EQ(failures(report), "");
      EXPECT_EQ(read_file_metadata(std::as_bytes(std::span(file)), "file")->infotext,
                "a fox\nSteps: 2, Seed: 1");
    }
  }
}

TEST(Signing, TheClaimSaysWhoWhatWhenAndWithWhat) {
  const TestChain chain;
  PictureOrigin origin;
  origin.id = "pic_1";
  origin.title = "fox.png";
  origin.time = kNow - kSecondUs;
  origin.model = "limner-tiny";
  origin.watermark = SoftBinding{"org.limner.tile.1", "\x01\xAB"};
  const Json claim = verified_by(signed_file(chain, Format::png, origin), chain).claim;
  EXPECT_EQ(claim["title"], "fox.png");
  EXPECT_EQ(claim["disclosure"]["provider"], "Limner Test");
  EXPECT_EQ(claim["disclosure"]["system"]["name"], "Limner");
  EXPECT_EQ(claim["disclosure"]["time"], "2027-01-15T07:59:59Z");
  EXPECT_EQ(claim["disclosure"]["id"], "pic_1");
  EXPECT_EQ(claim["actions"][0]["action"], "c2pa.created");
  EXPECT_EQ(claim["actions"][0]["digital_source_type"], kTrainedAlgorithmicMedia);
  EXPECT_EQ(claim["actions"][0]["model"], "limner-tiny");
  EXPECT_EQ(claim["actions"][1]["action"], "c2pa.watermarked.bound");
  EXPECT_EQ(claim["soft_bindings"][0]["value"], "01ab");
  EXPECT_EQ(claim["signed_by"]["algorithm"], "ES256");
}

TEST(Signing, APictureDrawnOverAnotherNamesItsParent) {
  const TestChain chain;
  PictureOrigin origin;
  origin.parent = ParentPicture{"photo.jpg", file_of(Format::jpeg)};
  const SignatureReport report = verified_by(signed_file(chain, Format::webp, origin), chain);
  ASSERT_EQ(report.state, SignatureState::trusted) << failures(report);
  EXPECT_EQ(report.claim["actions"][0]["action"], "c2pa.opened");
  EXPECT_EQ(report.claim["actions"][1]["digital_source_type"], kCompositeWithTrainedAlgorithmicMedia);
  EXPECT_EQ(report.claim["ingredients"][0]["title"], "photo.jpg");
  EXPECT_EQ(report.claim["ingredients"][0]["format"], "image/jpeg");
}

TEST(Signing, TheManifestOfAParentIsKept) {
  const TestChain stranger, chain;
  PictureOrigin origin;
  origin.parent = ParentPicture{"parent.png", signed_file(stranger)};
  const SignerPtr signer =
      make_signer(chain.pem.key, chain.pem.chain, {.now = [] { return kNow; }, .random = {}}).value();
  for (const Format format : kSigned) {
    const std::string file = sign_picture(file_of(format), format, *signer, origin).value();
    const SignatureReport report = verified_by(file, chain);
    ASSERT_EQ(report.state, SignatureState::trusted) << failures(report);
    EXPECT_EQ(report.claim["ingredients"][0]["has_manifest"], true);
    EXPECT_EQ(report.claim["actions"].size(), 2u)
        << "what the parent's manifest says is not said of this one";
    std::string changed = file;
    const size_t at = changed.find("org.limner.disclosure") + 60;  // the parent's stands first
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_TRUE(has(verified_by(changed, chain), "ingredient.manifest.mismatch"));
  }
}

TEST(Signing, AParentWhoseManifestIsBrokenIsAParent) {
  const TestChain chain;
  std::string parent = signed_file(chain);
  parent[parent.find("caBX") + 5] = '\x7F';  // of the store's size
  PictureOrigin origin;
  origin.parent = ParentPicture{"parent.png", parent};
  const SignatureReport report = verified_by(signed_file(chain, Format::png, origin), chain);
  ASSERT_EQ(report.state, SignatureState::trusted) << failures(report);
  EXPECT_EQ(report.claim["ingredients"][0]["has_manifest"], false);
}

TEST(Signing, TheSameTimesAndIdentifiersGiveTheSameBytes) {
  const TestChain chain(KeyAlgorithm::ed25519);
  EXPECT_TRUE(signed_file(chain) == signed_file(chain));
}

TEST(Signing, StrangersAreValidAndNotTrusted) {
  const TestChain chain, other;
  const SignatureReport report = *verify_picture(signed_file(chain), *other.anchors, kNow);
  EXPECT_EQ(report.state, SignatureState::valid);
  EXPECT_TRUE(has(report, "signingCredential.untrusted"));
  EXPECT_FALSE(report.claim.is_null());
  EXPECT_EQ(verify_picture(signed_file(chain), *make_trust_anchors({}, "trust").value(), kNow)->state,
            SignatureState::valid);
}

TEST(Signing, FilesWithoutAManifestHaveNone) {
  for (const Format format : {Format::png, Format::jpeg, Format::webp, Format::avif})
    EXPECT_EQ(verify_picture(file_of(format), *TestChain().anchors, kNow)->state, SignatureState::absent);
}

TEST(Signing, AvifIsRefused) {
  const TestChain chain;
  EXPECT_FALSE(can_carry_manifest(Format::avif));
  EXPECT_EQ(sign_picture(file_of(Format::avif), Format::avif, *chain.signer(), {}).error().code,
            Code::unsupported);
}

TEST(Signing, NobodySignsTwiceOrWithACertificateThatIsOver) {
  const TestChain chain;
  EXPECT_EQ(sign_picture(signed_file(chain), Format::png, *chain.signer(), {}).error().code, Code::conflict);
  const TimeUs over = kNow + 11 * 365 * kDayUs;
  EXPECT_EQ(sign_picture(file_of(Format::png), Format::png, *chain.signer(over), {}).error().code,
            Code::unavailable);
  EXPECT_TRUE(has(verified_by(signed_file(chain), chain, over), "claimSignature.outsideValidity"));
  EXPECT_EQ(verified_by(signed_file(chain), chain, over).state, SignatureState::invalid);
}

TEST(Signing, AKeyBelongsToItsCertificate) {
  const TestChain one, other;
  EXPECT_EQ(make_signer(one.pem.key, other.pem.chain).error().field, "chain.pem");
  EXPECT_EQ(make_signer(one.pem.chain, one.pem.chain).error().field, "key.pem");
  EXPECT_NE(make_signer(one.pem.key, one.pem.root).error().message.find("not that of"), std::string::npos);
}

TEST(Signing, TextsAreBounded) {
  PictureOrigin origin;
  origin.title = std::string(2000, 'x');
  const TestChain chain;
  const Result<std::string> file = sign_picture(file_of(Format::png), Format::png, *chain.signer(), origin);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().field, "title");
  origin.title = "\xFF";
  EXPECT_EQ(sign_picture(file_of(Format::png), Format::png, *chain.signer(), origin).error().field, "title");
}

}  // namespace
}  // namespace limner
