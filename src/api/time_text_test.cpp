#include "api/time_text.h"

#include <gtest/gtest.h>

namespace limner {
namespace {

TEST(TimeText, WritesAndReads) {
  const TimeUs time = 1'767'225'600 * kSecondUs + 250'000;
  EXPECT_EQ(rfc3339_text(time), "2026-01-01T00:00:00.250000Z");
  EXPECT_EQ(parse_time(rfc3339_text(time), "from").value(), time);
  for (const char* text : {"2026-01-01", "2026-01-01T00:00:00Z", "2026-01-01 01:30:00+01:30",
                           "2025-12-31T23:00:00.0-01:00", "1767225600"})
    EXPECT_EQ(parse_time(text, "from").value(), 1'767'225'600 * kSecondUs) << text;
  EXPECT_TRUE(time_json(0).is_null());
}

TEST(TimeText, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "yesterday", "2026-02-30", "2026-1-1", "2026-01-01T25:00:00Z", "2026-01-01T00:00:00",
        "2026-01-01T00:00:00Zx", "-5", "99999999999999999999", "2026-01-01T00:00:00.Z+"})
    EXPECT_FALSE(parse_time(text, "from").has_value()) << text;
  EXPECT_EQ(parse_time("x", "from").error().field, "from");
}

}  // namespace
}  // namespace limner
