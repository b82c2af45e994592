#pragma once
// Pictures, signers and roots for tests.

#include <gtest/gtest.h>

#include <string>

#include "image/codec.h"
#include "image/digital_source.h"
#include "provenance/sign.h"
#include "provenance/verify.h"
#include "provenance/x509/issue.h"

namespace limner::testing_pictures {

inline constexpr Format kSigned[] = {Format::png, Format::jpeg, Format::webp};
inline constexpr TimeUs kNow = 1'800'000'000 * kSecondUs;

/// A small picture with texts in it.
inline std::string file_of(Format format) {
  Picture picture{17, 13, 3, std::vector<uint8_t>(17 * 13 * 3)};
  for (size_t i = 0; i < picture.pixels.size(); ++i) picture.pixels[i] = static_cast<uint8_t>(i * 37);
  const auto bytes = encode_picture(picture, {.format = format,
                                              .infotext = "a fox\nSteps: 2, Seed: 1",
                                              .limner_json = "{\"task\":\"text-to-image\"}",
                                              .digital_source_type = std::string(kTrainedAlgorithmicMedia)});
  EXPECT_TRUE(bytes);
  return std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size());
}

/// A chain, its signer, and its root as the only anchor. Times stand still; the unguessable is a count.
struct TestChain {
  explicit TestChain(KeyAlgorithm algorithm = KeyAlgorithm::es256)
      : pem(issue_chain(algorithm, "Limner Test", kNow).value()),
        anchors(make_trust_anchors({pem.root}, "trust").value()) {}

  SignerPtr signer(TimeUs now = kNow) const {
    return make_signer(
               pem.key, pem.chain,
               {.now = [now] { return now; },
                .random = [count = char{}](size_t size) mutable { return std::string(size, ++count); }})
        .value();
  }

  ChainPem pem;
  TrustAnchorsPtr anchors;
};

inline bool has(const SignatureReport& report, std::string_view code) {
  for (const SignatureFinding& finding : report.findings)
    if (finding.code == code) return true;
  return false;
}

inline std::string failures(const SignatureReport& report) {
  std::string text;
  for (const SignatureFinding& finding : report.findings)
    if (finding.outcome == SignatureFinding::Outcome::failure)
      text += finding.code + " " + finding.about + " " + finding.message + "\n";
  return text;
}

}  // namespace limner::testing_pictures
