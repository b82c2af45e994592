#include "store/s3_store.h"

#include <gtest/gtest.h>

#include "base/crypto.h"
#include "store/fake_s3.h"

namespace limner {
namespace {

using Requests = std::vector<std::string>;

class S3StoreTest : public testing::Test {
 protected:
  std::unique_ptr<Store> open(const StoreConfig& config = FakeS3::config()) {
    return std::move(S3Store::open(config, server_.sender(), clock_).value());
  }
  // Answers the first `count` requests of a method with `answer`.
  void fail_first(int count, const std::string& method, Result<HttpResponse> answer) {
    server_.instead = [left = std::make_shared<int>(count), method,
                       answer](const HttpRequest& request) -> std::optional<Result<HttpResponse>> {
      if (request.method != method || *left == 0) return std::nullopt;
      --*left;
      return answer;
    };
  }
  // What was asked since the store was opened.
  Requests requests() const {
    Requests all = server_.requests();
    all.erase(all.begin());
    return all;
  }

  FakeS3 server_;
  SystemClock clock_;
};

const Error kNoAnswer{Code::unavailable, "url", "connection refused", {}};

TEST_F(S3StoreTest, OpensOnlyWhatIsThereAndOurs) {
  StoreConfig config = FakeS3::config();
  config.url = "s3://other-bucket";
  EXPECT_EQ(S3Store::open(config, server_.sender(), clock_).error().code, Code::not_found);
  config = FakeS3::config();
  config.secret_key = "";
  EXPECT_EQ(S3Store::open(config, server_.sender(), clock_).error().code, Code::invalid);
  fail_first(1, "GET", FakeS3::refusal(403, "SignatureDoesNotMatch"));
  const Error error = S3Store::open(FakeS3::config(), server_.sender(), clock_).error();
  EXPECT_EQ(error.code, Code::forbidden);
  EXPECT_EQ(error.text().find(FakeS3::config().secret_key), std::string::npos);
}

TEST_F(S3StoreTest, OpensWhileTheServerDoesNotAnswer) {
  fail_first(1, "GET", kNoAnswer);
  const std::unique_ptr<Store> store = open();
  EXPECT_EQ(server_.requests().size(), 1u) << "a start must not wait for several attempts";
  EXPECT_TRUE(store->put("a", as_bytes("x"), "image/png"));
}

TEST_F(S3StoreTest, TriesAgainWhatMayWorkThen) {
  for (const Result<HttpResponse>& answer :
       {Result<HttpResponse>(kNoAnswer), Result<HttpResponse>(FakeS3::refusal(503, "SlowDown")),
        Result<HttpResponse>(FakeS3::refusal(500, "InternalError")),
        Result<HttpResponse>(HttpResponse{429, {}, {}, 0})}) {
    fail_first(3, "PUT", answer);
    const std::unique_ptr<Store> store = open();
    const size_t before = server_.requests().size();
    EXPECT_TRUE(store->put("a", as_bytes("x"), "image/png"));
    EXPECT_EQ(server_.requests().size(), before + 4);
  }
}

TEST_F(S3StoreTest, GivesUpAfterItsAttempts) {
  fail_first(4, "PUT", FakeS3::refusal(503, "SlowDown"));
  EXPECT_EQ(open()->put("a", as_bytes("x"), "image/png").error().code, Code::unavailable);
  EXPECT_EQ(requests().size(), 4u);
}

TEST_F(S3StoreTest, GivesUpWhenToldTo) {
  StoreConfig config = FakeS3::config();
  config.attempts = 1'000'000;
  bool stopped = false;
  config.stop = [&] { return stopped; };
  const std::unique_ptr<Store> store = open(config);
  server_.instead = [&](const HttpRequest& request) -> std::optional<Result<HttpResponse>> {
    EXPECT_FALSE(request.stop());
    stopped = server_.requests().size() >= 4;
    return kNoAnswer;
  };
  EXPECT_EQ(store->put("a", as_bytes("x"), "image/png").error().code, Code::unavailable);
  EXPECT_EQ(requests().size(), 3u);
}

TEST_F(S3StoreTest, DoesNotRepeatWhatWasRefused) {
  fail_first(1, "PUT", FakeS3::refusal(403, "AccessDenied"));
  const Error error = open()->put("a", as_bytes("x"), "image/png").error();
  EXPECT_EQ(error.code, Code::forbidden);
  EXPECT_NE(error.message.find("PUT of 'a' in bucket 'pictures' was answered 403 AccessDenied"),
            std::string::npos)
      << error.text();
  EXPECT_EQ(requests().size(), 1u);
}

TEST_F(S3StoreTest, KeepsTheContentType) {
  StoreConfig config = FakeS3::config();
  config.part_bytes = 4;
  const std::unique_ptr<Store> store = open(config);
  ASSERT_TRUE(store->put("short", as_bytes("1234"), "image/png"));
  ASSERT_TRUE(store->put("long", as_bytes("12345"), "image/webp"));
  EXPECT_EQ(server_.objects()["short"].content_type, "image/png");
  EXPECT_EQ(server_.objects()["long"].content_type, "image/webp");
}

class S3Parts : public S3StoreTest {
 protected:
  S3Parts() { config_.part_bytes = 4; }
  StoreConfig config_ = FakeS3::config();
};

TEST_F(S3Parts, LongObjectsGoInParts) {
  ASSERT_TRUE(open(config_)->put("a", as_bytes("1234567890"), "image/png"));
  EXPECT_EQ(server_.objects()["a"].bytes, "1234567890");
  EXPECT_EQ(
      requests(),
      (Requests{"POST /pictures/a?uploads=", "PUT /pictures/a?partNumber=1&uploadId=a%2F%2B1",
                "PUT /pictures/a?partNumber=2&uploadId=a%2F%2B1",
                "PUT /pictures/a?partNumber=3&uploadId=a%2F%2B1", "POST /pictures/a?uploadId=a%2F%2B1"}));
  EXPECT_EQ(server_.uploads(), 0u);
}

TEST_F(S3Parts, APartIsTriedAgain) {
  fail_first(3, "PUT", kNoAnswer);
  ASSERT_TRUE(open(config_)->put("a", as_bytes("1234567890"), "image/png"));
  EXPECT_EQ(server_.objects()["a"].bytes, "1234567890");
}

TEST_F(S3Parts, AFailureForgetsThePartsAndKeepsTheOldObject) {
  const std::unique_ptr<Store> store = open(config_);
  ASSERT_TRUE(store->put("a", as_bytes("old"), "image/png"));
  fail_first(1, "PUT", FakeS3::refusal(403, "AccessDenied"));
  EXPECT_EQ(store->put("a", as_bytes("1234567890"), "image/png").error().code, Code::forbidden);
  EXPECT_EQ(server_.uploads(), 0u);
  EXPECT_EQ(store->get("a", 100).value(), "old");
}

TEST_F(S3Parts, AnEndThatIsTakenBackIsTriedAgain) {
  const std::unique_ptr<Store> store = open(config_);
  server_.instead = [taken_back =
                         false](const HttpRequest& request) mutable -> std::optional<Result<HttpResponse>> {
    if (request.method != "POST" || request.url.query == "uploads=" || taken_back) return std::nullopt;
    taken_back = true;
    return FakeS3::refusal(200, "InternalError");
  };
  EXPECT_TRUE(store->put("a", as_bytes("1234567890"), "image/png"));
  EXPECT_EQ(server_.objects()["a"].bytes, "1234567890");
}

TEST_F(S3Parts, ManyPartsAreMadeLonger) {
  config_.part_bytes = 1;
  ASSERT_TRUE(open(config_)->put("a", as_bytes(std::string(10'001, 'x')), "image/png"));
  EXPECT_EQ(server_.objects()["a"].bytes.size(), 10'001u);
  EXPECT_EQ(requests().size(), 2u + 5001u);
}

TEST_F(S3StoreTest, BytesThatLookLikeAnErrorAreAnObject) {
  const std::unique_ptr<Store> store = open();
  const std::string bytes = FakeS3::refusal(200, "InternalError").body;
  ASSERT_TRUE(store->put("a", as_bytes(bytes), "application/xml"));
  EXPECT_EQ(store->get("a", 10'000).value(), bytes);
}

TEST_F(S3StoreTest, AMissingBucketIsToldFromALongRefusal) {
  const std::unique_ptr<Store> store = open();
  EXPECT_EQ(store->get("absent", 1).error().code, Code::not_found);
}

TEST_F(S3StoreTest, AnEndlessListingEnds) {
  const std::unique_ptr<Store> store = open();
  server_.instead = [](const HttpRequest&) -> std::optional<Result<HttpResponse>> {
    return HttpResponse{200,
                        {},
                        "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>x"
                        "</NextContinuationToken></ListBucketResult>",
                        0};
  };
  EXPECT_EQ(store->list("", [](const ObjectInfo&) { return true; }).error().code, Code::unavailable);
}

TEST_F(S3StoreTest, SignedUrlsLastNoLongerThanTheyMay) {
  const std::unique_ptr<Store> store = open();
  EXPECT_NE(store->signed_url("a", 60)->find("http://127.0.0.1:9000/pictures/a?X-Amz-Algorithm"),
            std::string::npos);
  EXPECT_NE(store->signed_url("a", 60)->find("X-Amz-Expires=60&"), std::string::npos);
  EXPECT_NE(store->signed_url("a", 1'000'000)->find("X-Amz-Expires=604800&"), std::string::npos);
  EXPECT_NE(store->signed_url("a", 0)->find("X-Amz-Expires=1&"), std::string::npos);
}

}  // namespace
}  // namespace limner
