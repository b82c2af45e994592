#include "store/s3_time.h"

#include <gtest/gtest.h>

namespace limner {
namespace {

constexpr TimeUs kMay24 = 1369353600 * kSecondUs;  // date -d '2013-05-24 UTC' +%s

TEST(S3Time, WritesTheDateOfASignature) {
  EXPECT_EQ(amz_date(kMay24), "20130524T000000Z");
  EXPECT_EQ(amz_date(kMay24 + kDayUs - 1), "20130524T235959Z");
  EXPECT_EQ(amz_date(0), "19700101T000000Z");
}

TEST(S3Time, ReadsListings) {
  EXPECT_EQ(parse_iso_time("2013-05-24T00:00:00.000Z"), kMay24);
  EXPECT_EQ(parse_iso_time("2013-05-24T01:02:03Z"), kMay24 + 3723 * kSecondUs);
  EXPECT_EQ(parse_iso_time("2024-02-29T00:00:00Z"), 1709164800 * kSecondUs);
  for (const char* text :
       {"", "Z", "2013-05-24", "2013-02-29T00:00:00Z", "2013-13-01T00:00:00Z", "1969-12-31T00:00:00Z",
        "2013-05-24T24:00:00Z", "2013-05-24T00:00:00+02:00", "2013-05-2aT00:00:00Z"})
    EXPECT_FALSE(parse_iso_time(text)) << text;
}

TEST(S3Time, ReadsHeaders) {
  EXPECT_EQ(parse_http_time("Fri, 24 May 2013 00:00:00 GMT"), kMay24);
  EXPECT_EQ(parse_http_time("Thu, 29 Feb 2024 23:59:59 GMT"), 1709251199 * kSecondUs);
  for (const char* text : {"", "Fri, 24 Mai 2013 00:00:00 GMT", "Fri, 24 ayJ 2013 00:00:00 GMT",
                           "Fri, 24 May 2013 00:00:00 CET", "Friday, 24-May-13 00:00:00 GMT"})
    EXPECT_FALSE(parse_http_time(text)) << text;
}

}  // namespace
}  // namespace limner
