// Time stamps of an authority: asked for, put in, believed or not.

#include "provenance/x509/time_stamp.h"

#include <gtest/gtest.h>

#include "base/crypto.h"
#include "provenance/carrier/carrier.h"
#include "provenance/cose/sign1.h"
#include "provenance/sign.h"
#include "provenance/test_authority.h"
#include "provenance/test_pictures.h"

namespace limner {
namespace {

using namespace testing_pictures;

Certificates roots_of(const TestAuthority& authority) {
  return read_pem_certificates(authority.root_pem(), "root", 1).value();
}

class TimeStampTest : public testing::Test {
 protected:
  // What a signer does whose authority answers like this.
  std::string signed_at(TimeUs now, std::function<Result<std::string>(std::string_view)> ask,
                        bool required = false, TrustAnchorsPtr anchors = {}) {
    TimeStamping stamping{std::move(ask), required, std::move(anchors),
                          [this](const Error* error) { told.push_back(error ? error->text() : "stamped"); }};
    const SignerPtr signer =
        make_signer(chain.pem.key, chain.pem.chain, {.now = [now] { return now; }, .stamping = stamping})
            .value();
    const Result<std::string> file = sign_picture(file_of(format), format, *signer, {});
    last = file ? Error{} : file.error();
    return file ? *file : std::string();
  }
  std::function<Result<std::string>(std::string_view)> authority_at(TimeUs now) {
    return [this, now](std::string_view request) -> Result<std::string> {
      ++asked;
      return authority.answer(request, now);
    };
  }
  SignatureReport verified(const std::string& file, TimeUs now, bool trust_authority = true) {
    const auto anchors =
        make_trust_anchors({chain.pem.root}, "trust",
                           trust_authority ? std::vector{authority.root_pem()} : std::vector<std::string>())
            .value();
    return verify_picture(file, *anchors, now).value();
  }

  TestChain chain;
  TestAuthority authority{kNow - kSecondUs};
  Format format = Format::png;
  std::vector<std::string> told;
  Error last;
  int asked = 0;
};

TEST_F(TimeStampTest, AStampIsReadBack) {
  for (const Format each : kSigned) {
    format = each;
    const std::string file = signed_at(kNow, authority_at(kNow));
    const SignatureReport report = verified(file, kNow);
    EXPECT_EQ(report.state, SignatureState::trusted) << failures(report);
    EXPECT_TRUE(has(report, "timeStamp.validated"));
    EXPECT_TRUE(has(report, "timeStamp.trusted"));
    const Json stamp = report.claim["signed_by"]["time_stamp"];
    EXPECT_EQ(stamp["time"], "2027-01-15T08:00:00Z");
    EXPECT_EQ(stamp["authority"], "Test Time Authority");
    EXPECT_EQ(stamp["trusted"], true);
  }
  EXPECT_EQ(told, (std::vector<std::string>(3, "stamped")));
  EXPECT_EQ(asked, 3);
}

TEST_F(TimeStampTest, ASignatureOutlivesItsCertificateWithATrustedStamp) {
  const std::string stamped = signed_at(kNow, authority_at(kNow)), plain = signed_at(kNow, {});
  const TimeUs later = kNow + 40 * 366 * kDayUs;
  EXPECT_EQ(verified(stamped, later).state, SignatureState::trusted);
  EXPECT_EQ(verified(plain, later).state, SignatureState::invalid);
  const SignatureReport unknown = verified(stamped, later, false);
  EXPECT_EQ(unknown.state, SignatureState::invalid);
  EXPECT_TRUE(has(unknown, "timeStamp.untrusted"));
  EXPECT_EQ(verified(stamped, kNow, false).state, SignatureState::trusted);
}

TEST_F(TimeStampTest, AnAuthorityThatFailsCostsOnlyTheStamp) {
  const std::vector<std::function<Result<std::string>(std::string_view)>> broken = {
      [](std::string_view) -> Result<std::string> {
        return Error{Code::unavailable, "time stamp", "nobody answers", {}};
      },
      [](std::string_view) -> Result<std::string> { return std::string("<html>"); },
      [](std::string_view) -> Result<std::string> { return std::string(100'000, '0'); },
      [this](std::string_view) -> Result<std::string> {
        return authority.answer(time_stamp_request("something else", "12345678"), kNow);
      },
      // Refused: it is no request.
      [this](std::string_view) -> Result<std::string> { return authority.answer("no request", kNow); },
      // The certificate is not valid yet.
      [this](std::string_view request) -> Result<std::string> {
        return authority.answer(request, kNow - 2 * kDayUs);
      },
  };
  for (const auto& ask : broken) {
    const std::string file = signed_at(kNow, ask);
    const SignatureReport report = verified(file, kNow);
    EXPECT_EQ(report.state, SignatureState::trusted) << failures(report);
    EXPECT_FALSE(has(report, "timeStamp.validated"));
    EXPECT_TRUE(report.claim["signed_by"]["time_stamp"].is_null());
    EXPECT_EQ(signed_at(kNow, ask, true), "");
    EXPECT_NE(last.text(), "");
  }
  EXPECT_EQ(told.size(), 2 * broken.size());
  for (const std::string& each : told) EXPECT_NE(each, "stamped");
}

TEST_F(TimeStampTest, OnlyTheNamedAuthoritiesAreTaken) {
  const TestAuthority other(kNow - kSecondUs);
  const auto only_other = make_trust_anchors({}, "trust", {other.root_pem()}).value();
  EXPECT_EQ(signed_at(kNow, authority_at(kNow), true, only_other), "");
  EXPECT_EQ(last.code, Code::forbidden);
  const auto both = make_trust_anchors({}, "trust", {other.root_pem(), authority.root_pem()}).value();
  EXPECT_NE(signed_at(kNow, authority_at(kNow), true, both), "");
}

TEST_F(TimeStampTest, AStampIsThatOfItsSignature) {
  const std::string nonce = "\1\2\3\4\5\6\7\x08";
  const std::string request = time_stamp_request("this", nonce);
  const std::string answer = authority.answer(request, kNow);
  const AnsweredStamp stamp = stamp_of_answer(answer, request, "this", roots_of(authority)).value();
  EXPECT_TRUE(stamp.stamp.trusted);
  EXPECT_TRUE(read_time_stamp(stamp.token, "this", {})) << "anybody may look at it";
  EXPECT_FALSE(read_time_stamp(stamp.token, "this", {})->trusted);
  EXPECT_FALSE(read_time_stamp(stamp.token, "that", roots_of(authority)));
  EXPECT_FALSE(stamp_of_answer(answer, time_stamp_request("this", "another8"), "this", {}))
      << "an answer from before";
  EXPECT_FALSE(read_time_stamp(stamp.token + "x", "this", {}));
  EXPECT_FALSE(read_time_stamp(stamp.token.substr(0, stamp.token.size() / 2), "this", {}));
  // Whatever bit of it is another: it is not read, or says the same.
  for (size_t at = 0; at < stamp.token.size(); at += 7) {
    std::string changed = stamp.token;
    changed[at] ^= 1;
    const Result<TimeStamp> read = read_time_stamp(changed, "this", roots_of(authority));
    if (!read) continue;
    EXPECT_TRUE(!read->trusted || read->time == kNow) << at;
  }
}

TEST_F(TimeStampTest, TheRoomGrowsWithTheToken) {
  // The same signer twice: the second time the room is that of the first token.
  std::vector<size_t> sizes;
  TimeStamping stamping{authority_at(kNow)};
  const SignerPtr signer =
      make_signer(chain.pem.key, chain.pem.chain, {.now = [] { return kNow; }, .stamping = stamping}).value();
  for (int i = 0; i < 2; ++i) sizes.push_back(sign_picture(file_of(format), format, *signer, {})->size());
  EXPECT_LT(sizes[1], sizes[0]);
  PictureOrigin preview;
  preview.stamped = false;
  EXPECT_LT(sign_picture(file_of(format), format, *signer, preview)->size(), sizes[1]);
}

TEST(StampedSign1, HasOneSizeWhateverTheToken) {
  for (const size_t room : {size_t{100}, size_t{255}, size_t{256}, size_t{3000}}) {
    const size_t size = write_stamped_sign1("header", "signature", {}, room).size();
    for (size_t token = 1; token <= room; token += token < 300 || token + 300 > room ? 1 : 97) {
      const std::string sign1 = write_stamped_sign1("header", "signature", std::string(token, 't'), room);
      ASSERT_EQ(sign1.size(), size) << token << " in " << room;
    }
  }
}

}  // namespace
}  // namespace limner
