#include "store/spill_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <future>
#include <random>
#include <thread>

#include "base/crypto.h"
#include "base/file_handle.h"
#include "store/failing_store.h"
#include "store/local_store.h"
#include "store/test_folder.h"

namespace limner {
namespace {

using namespace std::chrono_literals;

const Error kDown{Code::unavailable, "store", "no answer", {}};

std::unique_ptr<Store> local_in(const std::filesystem::path& folder) {
  return std::move(LocalStore::open(folder, SystemClock()).value());
}

class SpillStoreTest : public testing::Test {
 protected:
  std::unique_ptr<SpillStore> open() {
    auto remote = std::make_unique<FailingStore>(
        local_in(scratch_.path() / "remote"),
        [this](std::string_view operation, std::string_view key) -> std::optional<Error> {
          ++asked_;
          if (before_) before_(operation, key);
          return fault_;
        });
    return std::make_unique<SpillStore>(std::move(remote), local_in(scratch_.path() / "spill"), clock_, log_,
                                        metrics_);
  }
  // What the remote has, asked directly.
  std::string remote(std::string_view key) {
    const Result<std::string> got = local_in(scratch_.path() / "remote")->get(key, 100);
    return got ? *got : "none";
  }
  size_t waiting() {
    size_t count = 0;
    EXPECT_TRUE(
        local_in(scratch_.path() / "spill")->list("", [&](const ObjectInfo&) { return ++count > 0; }));
    return count;
  }
  double counted(const char* name) { return metrics_.counter(name, "").with({}).value(); }
  void rest() { clock_.advance(6 * kSecondUs); }

  TestFolder scratch_;
  ManualClock clock_{1};
  FileHandle nowhere_{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
  Log log_{nowhere_.get(), LogLevel::error, false, clock_};
  Metrics metrics_;
  std::optional<Error> fault_;
  std::function<void(std::string_view, std::string_view)> before_;
  std::atomic<int> asked_ = 0;
};

TEST_F(SpillStoreTest, AnOutageLosesNothing) {
  std::unique_ptr<SpillStore> store = open();
  ASSERT_TRUE(store->put("a", as_bytes("before"), "image/png"));
  fault_ = kDown;
  ASSERT_TRUE(store->put("a", as_bytes("during"), "image/png"));
  ASSERT_TRUE(store->put("b/c.png", as_bytes("new"), "image/png"));
  EXPECT_EQ(store->get("a", 100).value(), "during");
  EXPECT_EQ(store->head("b/c.png").value().bytes, 3u);
  EXPECT_EQ(remote("a"), "before");
  EXPECT_EQ(counted("limner_store_spilled_total"), 2);

  store = open();  // A restart.
  EXPECT_EQ(store->get("a", 100).value(), "during");
  EXPECT_EQ(store->drain().value(), 0) << "still down";
  fault_.reset();
  rest();
  EXPECT_EQ(store->drain().value(), 2);
  EXPECT_EQ(remote("a"), "during");
  EXPECT_EQ(remote("b/c.png"), "new");
  EXPECT_EQ(waiting(), 0u);
  EXPECT_EQ(store->get("a", 100).value(), "during");
  EXPECT_EQ(counted("limner_store_uploaded_total"), 2);
}

TEST_F(SpillStoreTest, AnOutageIsFeltByOneCallerInAWhile) {
  const std::unique_ptr<SpillStore> store = open();
  fault_ = kDown;
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(store->put("k" + std::to_string(i), as_bytes("x"), ""));
  EXPECT_EQ(asked_, 1);
  EXPECT_EQ(store->get("absent", 10).error().code, Code::unavailable);
  EXPECT_EQ(store->remove("k0").error().code, Code::unavailable);
  EXPECT_EQ(store->list("", [](const ObjectInfo&) { return true; }).error().code, Code::unavailable);
  EXPECT_EQ(asked_, 1);
  rest();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(store->put("k" + std::to_string(i), as_bytes("y"), ""));
  EXPECT_EQ(asked_, 2);
}

TEST_F(SpillStoreTest, OneCallerTriesWhileTheOthersGoOn) {
  const std::unique_ptr<SpillStore> store = open();
  fault_ = kDown;
  ASSERT_TRUE(store->put("a", as_bytes("x"), ""));
  rest();
  std::promise<void> tried, release;
  before_ = [&](std::string_view, std::string_view) {
    tried.set_value();
    release.get_future().wait();
  };
  std::future<bool> slow =
      std::async(std::launch::async, [&] { return bool(store->put("b", as_bytes("x"), "")); });
  tried.get_future().wait();
  EXPECT_TRUE(store->put("c", as_bytes("x"), ""));
  EXPECT_EQ(asked_, 2) << "the first put and the slow one";
  release.set_value();
  EXPECT_TRUE(slow.get());
}

TEST_F(SpillStoreTest, ALockedOrFullBucketLosesNothingEither) {
  const std::unique_ptr<SpillStore> store = open();
  for (const Code code : {Code::forbidden, Code::exhausted, Code::not_found, Code::internal}) {
    fault_ = Error{code, "store", "no", {}};
    EXPECT_TRUE(store->put("a", as_bytes("x"), "")) << code_name(code);
    EXPECT_EQ(store->drain().value(), 0) << code_name(code);
    EXPECT_EQ(waiting(), 1u);
  }
}

TEST_F(SpillStoreTest, AnObjectThatIsRefusedForItselfIsNotKept) {
  const std::unique_ptr<SpillStore> store = open();
  fault_ = Error{Code::too_large, "store", "5 GiB at most", {}};
  EXPECT_EQ(store->put("a", as_bytes("x"), "").error().code, Code::too_large);
  EXPECT_EQ(waiting(), 0u);
}

TEST_F(SpillStoreTest, ADrainPassesByWhatCannotBeMoved) {
  const std::unique_ptr<SpillStore> store = open();
  fault_ = kDown;
  for (const char* key : {"a", "b", "c"}) ASSERT_TRUE(store->put(key, as_bytes(key), ""));
  fault_.reset();
  rest();
  before_ = [&](std::string_view, std::string_view key) {
    fault_ = key == "a" ? std::optional(Error{Code::too_large, "store", "no", {}}) : std::nullopt;
  };
  EXPECT_EQ(store->drain().value(), 2);
  EXPECT_EQ(waiting(), 1u);
  EXPECT_EQ(store->get("a", 100).value(), "a");
}

TEST_F(SpillStoreTest, ADrainBeginsWithTheOldest) {
  const std::unique_ptr<SpillStore> store = open();
  fault_ = kDown;
  for (const char* key : {"z", "m", "a"}) {
    ASSERT_TRUE(store->put(key, as_bytes(key), ""));
    std::this_thread::sleep_for(10ms);  // Longer than a file system's clock ticks.
  }
  fault_.reset();
  rest();
  std::string order;
  before_ = [&](std::string_view, std::string_view key) { order += key; };
  EXPECT_EQ(store->drain().value(), 3);
  EXPECT_EQ(order, "zma");
}

TEST_F(SpillStoreTest, APutThatGoesThroughReplacesWhatWaits) {
  const std::unique_ptr<SpillStore> store = open();
  fault_ = kDown;
  ASSERT_TRUE(store->put("a", as_bytes("old"), ""));
  fault_.reset();
  rest();
  ASSERT_TRUE(store->put("a", as_bytes("new"), ""));
  EXPECT_EQ(waiting(), 0u);
  EXPECT_EQ(store->drain().value(), 0);
  EXPECT_EQ(store->get("a", 100).value(), "new");
}

TEST_F(SpillStoreTest, WhatIsRemovedDoesNotComeBack) {
  const std::unique_ptr<SpillStore> store = open();
  ASSERT_TRUE(store->put("a", as_bytes("in both"), ""));
  fault_ = kDown;
  ASSERT_TRUE(store->put("a", as_bytes("in both, newer"), ""));
  ASSERT_TRUE(store->put("b", as_bytes("waits"), ""));
  EXPECT_EQ(store->remove("a").error().code, Code::unavailable);
  EXPECT_EQ(store->get("a", 100).value(), "in both, newer") << "not the older one";
  fault_.reset();
  rest();
  ASSERT_TRUE(store->remove("a"));
  ASSERT_TRUE(store->remove("b"));
  EXPECT_EQ(store->drain().value(), 0);
  EXPECT_EQ(store->get("a", 100).error().code, Code::not_found);
  EXPECT_EQ(store->get("b", 100).error().code, Code::not_found);
  EXPECT_EQ(remote("a"), "none");
}

TEST_F(SpillStoreTest, OnlyWhatIsUploadedHasASignedUrl) {
  const std::unique_ptr<SpillStore> store = open();
  ASSERT_TRUE(store->put("a", as_bytes("x"), ""));
  EXPECT_EQ(store->signed_url("a", 60), "https://remote/a");
  fault_ = kDown;
  ASSERT_TRUE(store->put("a", as_bytes("y"), ""));
  EXPECT_EQ(store->signed_url("a", 60), std::nullopt);
}

TEST_F(SpillStoreTest, ListsBothOnceInOrder) {
  const std::unique_ptr<SpillStore> store = open();
  for (const char* key : {"a", "c", "e"}) ASSERT_TRUE(store->put(key, as_bytes("remote"), ""));
  fault_ = Error{Code::exhausted, "store", "full", {}};
  for (const char* key : {"b", "c", "f"}) ASSERT_TRUE(store->put(key, as_bytes("waits here"), ""));
  fault_.reset();
  std::string seen;
  const auto show = [&](const ObjectInfo& object) {
    seen += object.key + std::to_string(object.bytes) + " ";
    return true;
  };
  ASSERT_TRUE(store->list("", show));
  EXPECT_EQ(seen, "a6 b10 c10 e6 f10 ");
}

// A drain is caught between reading what waits and uploading it while somebody changes the same object.
class SpillStoreRace : public SpillStoreTest {
 protected:
  // Runs `change` during the upload of "a"; true if it waited for the upload's end.
  bool during_upload_of_old(SpillStore& store, const std::function<void()>& change,
                            std::chrono::milliseconds patience = 50ms) {
    fault_ = kDown;
    EXPECT_TRUE(store.put("a", as_bytes("old"), ""));
    fault_.reset();
    rest();
    std::promise<void> uploading, release;
    before_ = [&, first = true](std::string_view, std::string_view) mutable {
      if (!std::exchange(first, false)) return;
      uploading.set_value();
      release.get_future().wait();
    };
    std::future<void> drained = std::async(std::launch::async, [&] { EXPECT_TRUE(store.drain()); });
    uploading.get_future().wait();
    std::future<void> changed = std::async(std::launch::async, change);
    const bool waited = changed.wait_for(patience) == std::future_status::timeout;
    release.set_value();
    changed.get();
    drained.get();
    return waited;
  }
};

TEST_F(SpillStoreRace, AnUploadDoesNotReplaceANewerPut) {
  const std::unique_ptr<SpillStore> store = open();
  EXPECT_TRUE(during_upload_of_old(*store, [&] { EXPECT_TRUE(store->put("a", as_bytes("new"), "")); }));
  EXPECT_EQ(remote("a"), "new");
  EXPECT_EQ(store->drain().value(), 0);
  EXPECT_EQ(store->get("a", 100).value(), "new");
}

TEST_F(SpillStoreRace, AnUploadDoesNotBringBackWhatWasRemoved) {
  const std::unique_ptr<SpillStore> store = open();
  EXPECT_TRUE(during_upload_of_old(*store, [&] { EXPECT_TRUE(store->remove("a")); }));
  EXPECT_EQ(store->drain().value(), 0);
  EXPECT_EQ(remote("a"), "none");
  EXPECT_EQ(store->get("a", 100).error().code, Code::not_found);
}

TEST_F(SpillStoreRace, OtherObjectsDoNotWait) {
  const std::unique_ptr<SpillStore> store = open();
  const auto change_another = [&] {
    EXPECT_TRUE(store->put("b", as_bytes("new"), ""));
    EXPECT_EQ(store->get("b", 100).value(), "new");
    EXPECT_EQ(store->get("a", 100).value(), "old");
  };
  EXPECT_FALSE(during_upload_of_old(*store, change_another, 60s));
}

TEST_F(SpillStoreRace, EveryWriterReadsWhatItWroteWhateverTheRemoteDoes) {
  std::atomic<unsigned> coin = 1;
  auto remote = std::make_unique<FailingStore>(
      local_in(scratch_.path() / "remote"),
      [&](std::string_view operation, std::string_view) -> std::optional<Error> {
        // Full every third time, but always there: a writer then knows what it must read.
        if (operation == "put" && ++coin % 3 == 0) return Error{Code::exhausted, "store", "full", {}};
        return std::nullopt;
      });
  SpillStore store(std::move(remote), local_in(scratch_.path() / "spill"), clock_, log_, metrics_);
  std::atomic<int> writing = 4;
  const auto write = [&](const std::string& key) {
    std::mt19937 random(static_cast<unsigned>(key.front()));
    for (int i = 0; i < 200; ++i) {
      const std::string bytes = key + std::to_string(i);
      EXPECT_TRUE(store.put(key, as_bytes(bytes), ""));
      EXPECT_EQ(store.get(key, 100).value(), bytes);
      if (random() % 4 != 0) continue;
      EXPECT_TRUE(store.remove(key));
      EXPECT_EQ(store.get(key, 100).error().code, Code::not_found);
    }
    EXPECT_TRUE(store.put(key, as_bytes("last"), ""));
    --writing;
  };
  {
    std::vector<std::jthread> threads;
    for (const char* key : {"a/1", "b/1", "c/1", "d/1"}) threads.emplace_back(write, key);
    for (int i = 0; i < 2; ++i)
      threads.emplace_back([&] {
        while (writing > 0) EXPECT_TRUE(store.drain());
      });
  }
  while (waiting() > 0) ASSERT_TRUE(store.drain());
  for (const char* key : {"a/1", "b/1", "c/1", "d/1"}) EXPECT_EQ(this->remote(key), "last");
}

}  // namespace
}  // namespace limner
