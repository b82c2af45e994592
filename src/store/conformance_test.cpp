// What every kind of store must do: the comments of store/store.h, walked.

#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "base/crypto.h"
#include "base/file_handle.h"
#include "store/encrypted_store.h"
#include "store/failing_store.h"
#include "store/fake_s3.h"
#include "store/fixed_data_keys.h"
#include "store/local_store.h"
#include "store/s3_store.h"
#include "store/spill_store.h"
#include "store/test_folder.h"

namespace limner {
namespace {

// What a store needs around it.
struct Surroundings {
  TestFolder scratch;
  SystemClock clock;
  FileHandle nowhere{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
  Log log{nowhere.get(), LogLevel::error, false, clock};
  Metrics metrics;
  FakeS3 server;
  FixedDataKeys keys;
  std::atomic<int> puts = 0;

  std::unique_ptr<Store> local(const char* name) {
    return std::move(LocalStore::open(scratch.path() / name, clock).value());
  }
  std::unique_ptr<Store> s3(const char* url) {
    StoreConfig config = FakeS3::config();
    config.url = url;
    config.part_bytes = 1000;
    return std::move(S3Store::open(config, server.sender(), clock).value());
  }
  std::unique_ptr<Store> encrypted(std::unique_ptr<Store> inner) {
    return std::make_unique<EncryptedStore>(std::move(inner), keys);
  }
  // Every `period`-th put finds the remote full.
  std::unique_ptr<Store> spill(std::unique_ptr<Store> remote, int period) {
    auto failing = std::make_unique<FailingStore>(
        std::move(remote),
        [this, period](std::string_view operation, std::string_view) -> std::optional<Error> {
          if (operation != "put" || ++puts % period != 0) return std::nullopt;
          return Error{Code::exhausted, "store", "full", {}};
        });
    return std::make_unique<SpillStore>(std::move(failing), local("spill"), clock, log, metrics);
  }
};

struct Kind {
  const char* name;
  std::unique_ptr<Store> (*open)(Surroundings&);
};

constexpr Kind kKinds[] = {
    {"Local", [](Surroundings& around) { return around.local("store"); }},
    {"S3", [](Surroundings& around) { return around.s3("s3://pictures"); }},
    {"S3WithPrefix", [](Surroundings& around) { return around.s3("s3://pictures/of/mine/"); }},
    {"SpillOverSoundRemote",
     [](Surroundings& around) { return around.spill(around.s3("s3://pictures"), 1 << 30); }},
    {"SpillOverFailingRemote", [](Surroundings& around) { return around.spill(around.local("store"), 1); }},
    {"SpillOverFlappingRemote",
     [](Surroundings& around) { return around.spill(around.s3("s3://pictures"), 2); }},
    {"EncryptedLocal", [](Surroundings& around) { return around.encrypted(around.local("store")); }},
    {"EncryptedSpillOverFlappingRemote",
     [](Surroundings& around) { return around.encrypted(around.spill(around.s3("s3://pictures"), 2)); }},
};

class StoreConformance : public testing::TestWithParam<Kind> {
 protected:
  void put(const std::string& key, const std::string& bytes) {
    const Result<void> put = store_->put(key, as_bytes(bytes), "image/png");
    ASSERT_TRUE(put) << put.error().text();
  }
  std::vector<std::string> keys(const std::string& prefix) {
    std::vector<std::string> keys;
    const Result<void> listed = store_->list(prefix, [&](const ObjectInfo& object) {
      keys.push_back(object.key);
      return true;
    });
    EXPECT_TRUE(listed) << listed.error().text();
    return keys;
  }

  Surroundings around_;
  std::unique_ptr<Store> store_ = GetParam().open(around_);
};

using Keys = std::vector<std::string>;

TEST_P(StoreConformance, WhatIsPutIsGot) {
  const std::string every_byte = [] {
    std::string bytes;
    for (int i = 0; i < 2560; ++i) bytes += static_cast<char>(i);
    return bytes;
  }();
  for (const std::string& bytes : {std::string(), std::string("x"), every_byte.substr(0, 1000),
                                   every_byte.substr(0, 1001), every_byte, std::string(200'000, 'y')}) {
    put("a/b.png", bytes);
    EXPECT_TRUE(store_->get("a/b.png", bytes.size()).value() == bytes) << bytes.size();
    const ObjectInfo info = store_->head("a/b.png").value();
    EXPECT_EQ(info.key, "a/b.png");
    EXPECT_EQ(info.bytes, bytes.size());
    EXPECT_GT(info.modified, 0);
  }
}

TEST_P(StoreConformance, AMissingObjectIsNotFound) {
  put("a/b", "x");
  for (const char* key : {"a", "a/c", "b", "a/b/c", "x/y/z"}) {
    EXPECT_EQ(store_->get(key, 1 << 20).error().code, Code::not_found) << key;
    EXPECT_EQ(store_->get(key, 0).error().code, Code::not_found) << key;
    EXPECT_EQ(store_->head(key).error().code, Code::not_found) << key;
    EXPECT_TRUE(store_->remove(key)) << key;
  }
  EXPECT_EQ(store_->get("a/b", 1).value(), "x");
}

TEST_P(StoreConformance, TooLargeIsSaid) {
  put("a", std::string(100'000, 'x'));
  EXPECT_EQ(store_->get("a", 99'999).error().code, Code::too_large);
  EXPECT_EQ(store_->get("a", 0).error().code, Code::too_large);
  EXPECT_TRUE(store_->get("a", 100'000));
}

TEST_P(StoreConformance, RemovedIsGone) {
  put("a/b", "first");
  put("a/b", "second");
  put("a/c", "other");
  ASSERT_TRUE(store_->remove("a/b"));
  EXPECT_EQ(store_->get("a/b", 100).error().code, Code::not_found);
  EXPECT_EQ(keys(""), Keys{"a/c"});
  EXPECT_TRUE(store_->remove("a/b"));
  put("a/b", "third");
  EXPECT_EQ(store_->get("a/b", 100).value(), "third");
}

TEST_P(StoreConformance, OnlyKeysAreTaken) {
  for (const char* key : {"", "/a", "a/", "../a", "a/../../b", "a b", "a?b", ".incoming+/x"}) {
    EXPECT_EQ(store_->put(key, {}, "").error().code, Code::invalid) << key;
    EXPECT_EQ(store_->get(key, 10).error().code, Code::invalid) << key;
    EXPECT_EQ(store_->head(key).error().code, Code::invalid) << key;
    EXPECT_EQ(store_->remove(key).error().code, Code::invalid) << key;
    EXPECT_FALSE(store_->signed_url(key, 60)) << key;
  }
  EXPECT_EQ(store_->list("../", [](const ObjectInfo&) { return true; }).error().code, Code::invalid);
}

TEST_P(StoreConformance, TheLongestKeysAreTaken) {
  std::string deepest = "d";
  while (deepest.size() < 511) deepest += "/d";
  const std::string longest = std::string(255, 'l') + "/" + std::string(255, 'l');
  for (const std::string& key : {deepest, longest}) {
    put(key, key);
    EXPECT_EQ(store_->get(key, 512).value(), key);
  }
  EXPECT_EQ(keys(""), (Keys{deepest, longest}));
}

TEST_P(StoreConformance, ListsInOrderOfKey) {
  Keys all = {"a-b", "a.b", "a/b", "a/b.c", "a0", "b/-/x", "b/./x", "b/0", "B", "_"};
  std::erase(all, "b/./x");
  for (const std::string& key : all) put(key, key);
  std::ranges::sort(all);
  EXPECT_EQ(keys(""), all);
  EXPECT_EQ(keys("a"), (Keys{"a-b", "a.b", "a/b", "a/b.c", "a0"}));
  EXPECT_EQ(keys("a/"), (Keys{"a/b", "a/b.c"}));
  EXPECT_EQ(keys("a/b."), (Keys{"a/b.c"}));
  EXPECT_EQ(keys("b/"), (Keys{"b/-/x", "b/0"}));
  EXPECT_EQ(keys("c"), Keys{});
  EXPECT_EQ(keys("a/b/c/d"), Keys{});
}

TEST_P(StoreConformance, ListingStopsWhenToldTo) {
  for (int i = 0; i < 10; ++i) put("k" + std::to_string(i), "x");
  Keys seen;
  EXPECT_TRUE(store_->list("", [&](const ObjectInfo& object) {
    seen.push_back(object.key);
    return seen.size() < 4;
  }));
  EXPECT_EQ(seen, (Keys{"k0", "k1", "k2", "k3"}));
}

TEST_P(StoreConformance, WhatIsListedMayBeRemovedMeanwhile) {
  for (int i = 0; i < 10; ++i) put("folder" + std::to_string(i % 3) + "/k" + std::to_string(i), "x");
  int seen = 0;
  EXPECT_TRUE(store_->list("", [&](const ObjectInfo& object) {
    ++seen;
    EXPECT_EQ(object.bytes, 1u);
    EXPECT_TRUE(store_->remove(object.key));
    return true;
  }));
  EXPECT_EQ(seen, 10);
  EXPECT_EQ(keys(""), Keys{});
}

TEST_P(StoreConformance, ReadersSeeWholeObjectsOnly) {
  put("k", std::string(1, 'a'));
  std::atomic<bool> done = false;
  std::jthread reader([&] {
    while (!done) {
      const std::string bytes = store_->get("k", 1 << 20).value();
      EXPECT_FALSE(bytes.empty());
      EXPECT_EQ(bytes.find_first_not_of(bytes.front()), std::string::npos);
    }
  });
  {
    std::vector<std::jthread> writers;
    for (const char letter : {'a', 'b', 'c'})
      writers.emplace_back([&, letter] {
        for (int i = 0; i < 30; ++i) put("k", std::string(static_cast<size_t>(i * 1000 + letter), letter));
      });
  }
  done = true;
}

INSTANTIATE_TEST_SUITE_P(EveryKind, StoreConformance, testing::ValuesIn(kKinds),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace limner
