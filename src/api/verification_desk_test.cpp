// The desk turns away who asks too often, and everybody while it is taken.

#include "api/verification_desk.h"

#include <gtest/gtest.h>

namespace limner {
namespace {

constexpr char kNoPicture[] = "no picture";

class VerificationDeskTest : public testing::Test {
 protected:
  Error error_of(VerificationDesk& desk, const std::string& remote) {
    return desk.verify(kNoPicture, remote).error();
  }
  ManualClock clock_{kSecondUs};
  PictureTracer tracer_{{make_trust_anchors({}, "trust").value(), {}, nullptr, clock_}};
};

TEST_F(VerificationDeskTest, CountsByAddress) {
  VerificationDesk desk({.per_minute = 2}, tracer_, clock_);
  EXPECT_EQ(error_of(desk, "192.0.2.1").code, Code::unsupported) << "it was looked at, and is no picture";
  error_of(desk, "192.0.2.1");
  const Error refused = error_of(desk, "192.0.2.1");
  EXPECT_EQ(refused.code, Code::exhausted);
  EXPECT_NE(refused.hint.find("retry after"), std::string::npos);
  EXPECT_EQ(error_of(desk, "192.0.2.2").code, Code::unsupported);
  clock_.advance(60 * kSecondUs);
  EXPECT_EQ(error_of(desk, "192.0.2.1").code, Code::unsupported);
}

TEST_F(VerificationDeskTest, TakesAnIpv6NetworkForOneAddress) {
  VerificationDesk desk({.per_minute = 1}, tracer_, clock_);
  error_of(desk, "2001:db8:1:2::1");
  EXPECT_EQ(error_of(desk, "2001:db8:1:2::2").code, Code::exhausted);
  EXPECT_EQ(error_of(desk, "2001:db8:1:3::1").code, Code::unsupported);
}

TEST_F(VerificationDeskTest, IsTakenWhileAllItsPlacesAre) {
  VerificationDesk desk({.at_once = 0}, tracer_, clock_);
  EXPECT_EQ(error_of(desk, "192.0.2.1").code, Code::unavailable);
}

}  // namespace
}  // namespace limner
