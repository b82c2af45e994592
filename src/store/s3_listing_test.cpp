#include "store/s3_listing.h"

#include <gtest/gtest.h>

namespace limner {
namespace {

std::string contents(const std::string& key, const std::string& size = "7",
                     const std::string& modified = "2013-05-24T00:00:00.000Z") {
  return "<Contents><Key>" + key + "</Key><LastModified>" + modified +
         "</LastModified><ETag>\"x\"</ETag><Size>" + size + "</Size></Contents>";
}

std::string page(const std::string& inside) { return "<ListBucketResult>" + inside + "</ListBucketResult>"; }

TEST(S3Listing, ReadsAPage) {
  const S3Page read = parse_s3_page(page("<IsTruncated>true</IsTruncated><NextContinuationToken>a/+=&amp;"
                                         "</NextContinuationToken>" +
                                         contents("mine/a") + contents("mine/b/c", "18446744073709551615")),
                                    "mine/")
                          .value();
  EXPECT_EQ(read.next, "a/+=&");
  ASSERT_EQ(read.objects.size(), 2u);
  EXPECT_EQ(read.objects[0].key, "a");
  EXPECT_EQ(read.objects[0].bytes, 7u);
  EXPECT_EQ(read.objects[0].modified, 1369353600 * kSecondUs);
  EXPECT_EQ(read.objects[1].bytes, UINT64_MAX);
}

TEST(S3Listing, LeavesOutWhatIsNotOurs) {
  const S3Page read = parse_s3_page(page(contents("mine/a b") + contents("mine/") + contents("mine/folder/") +
                                         contents("mine/../x") + contents("other/y") + contents("mine/z")),
                                    "mine/")
                          .value();
  ASSERT_EQ(read.objects.size(), 1u);
  EXPECT_EQ(read.objects[0].key, "z");
  EXPECT_TRUE(read.next.empty());
}

TEST(S3Listing, RefusesWhatIsNoPage) {
  for (const std::string& text :
       {std::string("<html>"), std::string("<html></html>"), page("<IsTruncated>true</IsTruncated>"),
        page(contents("a", "-1")), page(contents("a", "7x")), page(contents("a", "18446744073709551616")),
        page(contents("a", "")), page(contents("a", "7", "yesterday"))})
    EXPECT_EQ(parse_s3_page(text, "").error().code, Code::unavailable) << text;
}

}  // namespace
}  // namespace limner
