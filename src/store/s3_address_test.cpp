#include "store/s3_address.h"

#include <gtest/gtest.h>

namespace limner {
namespace {

StoreConfig config_of(const std::string& url, const std::string& endpoint = "", bool path_style = true) {
  StoreConfig config;
  config.url = url;
  config.endpoint = endpoint;
  config.path_style = path_style;
  return config;
}

std::string object_of(const StoreConfig& config) {
  return parse_s3_address(config).value().object_url("a/b.png").text();
}

TEST(S3Address, PathStyle) {
  EXPECT_EQ(object_of(config_of("s3://pictures", "http://127.0.0.1:9000")),
            "http://127.0.0.1:9000/pictures/a/b.png");
  EXPECT_EQ(object_of(config_of("s3://pictures/of/mine/", "http://127.0.0.1:9000/")),
            "http://127.0.0.1:9000/pictures/of/mine/a/b.png");
  EXPECT_EQ(object_of(config_of("s3://pictures")), "https://s3.us-east-1.amazonaws.com/pictures/a/b.png");
  EXPECT_EQ(parse_s3_address(config_of("s3://pictures/x")).value().bucket_url().text(),
            "https://s3.us-east-1.amazonaws.com/pictures");
}

TEST(S3Address, VirtualHostStyle) {
  EXPECT_EQ(object_of(config_of("s3://pictures/x", "", false)),
            "https://pictures.s3.us-east-1.amazonaws.com/x/a/b.png");
  EXPECT_EQ(object_of(config_of("s3://pictures", "https://objects.example:8443", false)),
            "https://pictures.objects.example:8443/a/b.png");
  EXPECT_EQ(parse_s3_address(config_of("s3://pictures", "", false)).value().bucket_url().text(),
            "https://pictures.s3.us-east-1.amazonaws.com/");
  EXPECT_EQ(parse_s3_address(config_of("s3://pictures", "http://127.0.0.1:9000", false)).error().field,
            "store.path_style");
}

TEST(S3Address, NamesTheSettingThatIsWrong) {
  for (const char* url : {"s3:pictures", "s3://", "s3:///x", "s3://ab", "s3://Pictures", "s3://pic_tures",
                          "s3://-pictures", "s3://pic..tures", "s3://pictures/../x", "s3://pictures/a b"})
    EXPECT_EQ(parse_s3_address(config_of(url)).error().field, "store.url") << url;
  EXPECT_EQ(parse_s3_address(config_of("s3://pictures/" + std::string(255, 'x') + "/yy")).error().field,
            "store.url");
  for (const char* endpoint : {"127.0.0.1:9000", "ftp://x", "http://x/pictures", "http://x?y"})
    EXPECT_EQ(parse_s3_address(config_of("s3://pictures", endpoint)).error().field, "store.endpoint")
        << endpoint;
  StoreConfig config = config_of("s3://pictures");
  config.region = "us/../evil";
  EXPECT_EQ(parse_s3_address(config).error().field, "store.region");
}

}  // namespace
}  // namespace limner
