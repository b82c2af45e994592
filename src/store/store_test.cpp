#include "store/store.h"

#include <gtest/gtest.h>

#include "base/crypto.h"
#include "net/http_client.h"
#include "store/faulty_file_calls.h"
#include "store/test_folder.h"

namespace limner {
namespace {

class OpenStore : public testing::Test {
 protected:
  Result<std::unique_ptr<Store>> open(const std::string& url, FileCalls* calls = nullptr) {
    StoreConfig config;
    config.url = url;
    config.endpoint = "http://127.0.0.1:1";  // Nobody listens there.
    config.access_key = config.secret_key = "x";
    config.file_calls = calls;
    return open_store(config, http_, clock_);
  }

  TestFolder scratch_;
  HttpClient http_;
  SystemClock clock_;
};

TEST_F(OpenStore, ByScheme) {
  const std::string folder = scratch_.path() / "deep" / "store";
  const auto local = open("file:" + folder);
  ASSERT_TRUE(local);
  EXPECT_EQ((*local)->kind(), "local");
  ASSERT_TRUE((*local)->put("a", as_bytes("x"), ""));
  const auto same = open("file://" + folder);
  ASSERT_TRUE(same);
  EXPECT_EQ((*same)->get("a", 10).value(), "x");
  const auto s3 = open("s3://pictures");
  ASSERT_TRUE(s3) << s3.error().text();
  EXPECT_EQ((*s3)->kind(), "s3");
}

TEST_F(OpenStore, RefusesWhatItDoesNotKnow) {
  for (const char* url :
       {"", "pictures", "file:", "file://host/folder", "http://x", "s3:pictures", "FILE:/x"})
    EXPECT_EQ(open(url).error().field, "store.url") << url;
}

TEST_F(OpenStore, TakesAnotherDisk) {
  const std::unique_ptr<FileCalls> faults = parse_faults("enospc:1").value();
  const auto store = open("file:" + (scratch_.path() / "store").string(), faults.get());
  ASSERT_TRUE(store);
  EXPECT_EQ((*store)->put("a", as_bytes("x"), "").error().code, Code::exhausted);
}

}  // namespace
}  // namespace limner
