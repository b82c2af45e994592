#include "store/url_signer.h"

#include <gtest/gtest.h>

namespace limner {
namespace {

constexpr TimeUs kNow = 1'800'000'000 * kSecondUs;

struct Parts {
  std::string expires, signature;
};

Parts parts_of(const std::string& query) {
  const size_t and_at = query.find("&signature=");
  EXPECT_EQ(query.find("expires="), 0u);
  EXPECT_NE(and_at, std::string::npos);
  return {query.substr(8, and_at - 8), query.substr(and_at + 11)};
}

TEST(UrlSigner, WhatItSignsIsGoodUntilItExpires) {
  const UrlSigner signer({"secret"});
  const Parts parts = parts_of(signer.sign("/pictures/a.png", kNow + 60 * kSecondUs));
  EXPECT_EQ(parts.expires, "1800000060");
  EXPECT_TRUE(signer.check("/pictures/a.png", parts.expires, parts.signature, kNow));
  EXPECT_TRUE(signer.check("/pictures/a.png", parts.expires, parts.signature, kNow + 60 * kSecondUs - 1));
  const Error late =
      signer.check("/pictures/a.png", parts.expires, parts.signature, kNow + 60 * kSecondUs).error();
  EXPECT_EQ(late.code, Code::forbidden);
  EXPECT_EQ(late.field, "expires");
}

TEST(UrlSigner, NothingOfItCanBeChanged) {
  const UrlSigner signer({"secret"});
  const Parts parts = parts_of(signer.sign("/pictures/a.png", kNow + kSecondUs, "tenant-1"));
  const auto refused = [&](std::string_view path, std::string_view expires, std::string_view signature,
                           std::string_view extra) {
    const Result<void> checked = signer.check(path, expires, signature, kNow, extra);
    return !checked && checked.error().code == Code::forbidden && checked.error().field == "signature";
  };
  EXPECT_FALSE(refused("/pictures/a.png", parts.expires, parts.signature, "tenant-1"));
  EXPECT_TRUE(refused("/pictures/b.png", parts.expires, parts.signature, "tenant-1"));
  EXPECT_TRUE(refused("/pictures/a.png", "1900000000", parts.signature, "tenant-1"));
  EXPECT_TRUE(refused("/pictures/a.png", "0" + parts.expires, parts.signature, "tenant-1"));
  EXPECT_TRUE(refused("/pictures/a.png", "", parts.signature, "tenant-1"));
  EXPECT_TRUE(refused("/pictures/a.png", parts.expires, parts.signature, "tenant-2"));
  EXPECT_TRUE(refused("/pictures/a.pn", parts.expires, parts.signature, "gtenant-1"));
  EXPECT_TRUE(refused("/pictures/a.png", parts.expires, "", "tenant-1"));
  EXPECT_TRUE(refused("/pictures/a.png", parts.expires, parts.signature + "A", "tenant-1"));
  EXPECT_TRUE(refused("/pictures/a.png", parts.expires, parts.signature.substr(1), "tenant-1"));
}

TEST(UrlSigner, SecretsCanBeChangedWhileUrlsLive) {
  const UrlSigner before({"old"}), during({"new", "old"}), after({"new"});
  const Parts old_parts = parts_of(before.sign("/p", kNow + kSecondUs));
  const Parts new_parts = parts_of(during.sign("/p", kNow + kSecondUs));
  EXPECT_TRUE(during.check("/p", old_parts.expires, old_parts.signature, kNow));
  EXPECT_FALSE(after.check("/p", old_parts.expires, old_parts.signature, kNow));
  EXPECT_TRUE(after.check("/p", new_parts.expires, new_parts.signature, kNow));
}

TEST(UrlSigner, TheQueryNeedsNoEncoding) {
  const UrlSigner signer({"secret"});
  for (int i = 0; i < 200; ++i) {
    const std::string query = signer.sign("/p/" + std::to_string(i), kNow);
    EXPECT_EQ(query.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=&"),
              std::string::npos)
        << query;
  }
}

}  // namespace
}  // namespace limner
