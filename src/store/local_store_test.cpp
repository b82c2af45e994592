#include "store/local_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <thread>

#include "base/crypto.h"
#include "store/test_folder.h"

namespace limner {
namespace {

namespace fs = std::filesystem;

std::string incoming_of(const fs::path& folder) { return folder / ".incoming+"; }

size_t count_in(const fs::path& folder) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

std::vector<std::string> keys_of(Store& store, std::string_view prefix = "") {
  std::vector<std::string> keys;
  EXPECT_TRUE(store.list(prefix, [&](const ObjectInfo& object) {
    keys.push_back(object.key);
    return true;
  }));
  return keys;
}

class LocalStoreTest : public testing::Test {
 protected:
  std::unique_ptr<Store> open(FileCalls* calls = nullptr) {
    return std::move(LocalStore::open(folder(), clock_, calls).value());
  }
  fs::path folder() const { return scratch_.path() / "store"; }

  TestFolder scratch_;
  SystemClock clock_;
};

// Fails the n-th call, or all from the n-th on, as if the process had ended there.
class FailingFileCalls final : public FileCalls {
 public:
  explicit FailingFileCalls(size_t fail_at, bool for_good = false, int error_number = EIO)
      : fail_at_(fail_at), for_good_(for_good), error_number_(error_number) {}
  bool has_failed() const { return made_.size() >= fail_at_; }
  // A letter a call: open, write, sync, rename, make folder, delete.
  const std::string& made() const { return made_; }

  int open(int folder, const char* name, int flags, mode_t mode) override {
    return fails('o') ? -1 : system_.open(folder, name, flags, mode);
  }
  ssize_t write(int file, std::span<const std::byte> bytes) override {
    // In pieces, so that there is a middle of the file to fail in.
    return fails('w') ? -1 : system_.write(file, bytes.first(std::min<size_t>(bytes.size(), 5)));
  }
  int sync(int file) override { return fails('s') ? -1 : system_.sync(file); }
  int rename(int from_folder, const char* from, int to_folder, const char* to) override {
    return fails('r') ? -1 : system_.rename(from_folder, from, to_folder, to);
  }
  int make_folder(int folder, const char* name, mode_t mode) override {
    return fails('m') ? -1 : system_.make_folder(folder, name, mode);
  }
  int remove(int folder, const char* name, int flags) override {
    return fails('d') ? -1 : system_.remove(folder, name, flags);
  }

 private:
  bool fails(char call) {
    made_ += call;
    if (made_.size() != fail_at_ && !(for_good_ && made_.size() > fail_at_)) return false;
    errno = error_number_;
    return true;
  }

  const size_t fail_at_;
  const bool for_good_;
  const int error_number_;
  std::string made_;
  SystemFileCalls system_;
};

constexpr std::string_view kKey = "a/b/c.png";
constexpr std::string_view kOld = "the old object", kNew = "the new object, which is longer";

class LocalStoreFaults : public LocalStoreTest, public testing::WithParamInterface<bool> {
 protected:
  // Puts with the n-th call failing, n = 1, 2, ... until one put has no call left to fail; `check` looks at
  // the store after each. How many puts failed.
  size_t fail_every_call(bool with_old, int error_number,
                         const std::function<void(Store&, const Result<void>&)>& check) {
    for (size_t n = 1;; ++n) {
      SCOPED_TRACE(testing::Message() << "failing call " << n);
      fs::remove_all(folder());
      const std::unique_ptr<Store> sound = open();
      if (with_old) {
        EXPECT_TRUE(sound->put(kKey, as_bytes(kOld), "image/png"));
      }
      FailingFileCalls calls(n, GetParam(), error_number);
      const Result<void> put = open(&calls)->put(kKey, as_bytes(kNew), "image/png");
      check(*sound, put);
      if (!calls.has_failed()) {
        EXPECT_TRUE(put) << put.error().text();
        return n - 1;
      }
      EXPECT_TRUE(sound->put(kKey, as_bytes(kNew), "image/png"));
      EXPECT_EQ(sound->get(kKey, 100).value(), kNew);
    }
  }
};

TEST_P(LocalStoreFaults, LeaveTheOldObjectOrTheNewOne) {
  const size_t failed = fail_every_call(true, EIO, [&](Store& store, const Result<void>& put) {
    const std::string got = store.get(kKey, 100).value();
    EXPECT_TRUE(got == kNew || (!put && got == kOld)) << got;
    EXPECT_EQ(keys_of(store), std::vector<std::string>{std::string(kKey)});
    if (!put) {
      EXPECT_EQ(put.error().code, Code::unavailable) << put.error().text();
    }
  });
  EXPECT_GE(failed, 10u);  // open, 7 writes, fsync, 3 opens of folders, rename, fsync
}

TEST_P(LocalStoreFaults, LeaveNothingOrTheWholeNewObject) {
  const size_t failed = fail_every_call(false, EIO, [&](Store& store, const Result<void>& put) {
    const Result<std::string> got = store.get(kKey, 100);
    EXPECT_TRUE(got ? *got == kNew : !put && got.error().code == Code::not_found);
    EXPECT_EQ(keys_of(store).size(), got ? 1u : 0u);
    const bool may_tidy_up = !GetParam();
    if (may_tidy_up) {
      EXPECT_EQ(count_in(incoming_of(folder())), 0u);
      if (!got) {
        EXPECT_TRUE(store.put("a", as_bytes("no folder is in the way"), "text/plain"));
        EXPECT_TRUE(store.remove("a"));
      }
    }
  });
  EXPECT_GE(failed, 15u);
}

TEST_P(LocalStoreFaults, AFullDiskIsExhausted) {
  fail_every_call(true, ENOSPC, [&](Store&, const Result<void>& put) {
    if (!put) {
      EXPECT_EQ(put.error().code, Code::exhausted) << put.error().text();
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Faults, LocalStoreFaults, testing::Bool(), [](const auto& info) {
  return info.param ? std::string("CrashAtACall") : std::string("OneCallFails");
});

TEST_F(LocalStoreTest, AFileIsOnTheDiskBeforeItHasItsNameAndTheNameBeforePutReturns) {
  constexpr size_t kNever = SIZE_MAX;
  FailingFileCalls calls(kNever);
  const std::unique_ptr<Store> store = open(&calls);
  ASSERT_TRUE(store->put("a", as_bytes("10 bytes, "), ""));
  EXPECT_EQ(calls.made(), "owwsors");
  // A new folder is on the disk before anything is put into it.
  ASSERT_TRUE(store->put("b/c", as_bytes("5byte"), ""));
  EXPECT_EQ(calls.made().substr(7), "owsoomsors");
  ASSERT_TRUE(store->remove("a"));
  EXPECT_EQ(calls.made().substr(17), "ds");
}

TEST_F(LocalStoreTest, RemovesWhatACrashLeftWhenItIsADayOld) {
  FailingFileCalls crash(4, true);
  EXPECT_FALSE(open(&crash)->put(kKey, as_bytes(kNew), "image/png"));
  EXPECT_EQ(count_in(incoming_of(folder())), 1u);
  open();
  EXPECT_EQ(count_in(incoming_of(folder())), 1u) << "another process may still be writing it";
  const ManualClock tomorrow(clock_.now() + kDayUs + 60 * kSecondUs);
  ASSERT_TRUE(LocalStore::open(folder(), tomorrow));
  EXPECT_EQ(count_in(incoming_of(folder())), 0u);
}

TEST_F(LocalStoreTest, AFileSystemThatCannotSyncFoldersWillDo) {
  class NoFolderSync final : public FileCalls {
   public:
    int open(int folder, const char* name, int flags, mode_t mode) override {
      return system_.open(folder, name, flags, mode);
    }
    ssize_t write(int file, std::span<const std::byte> bytes) override { return system_.write(file, bytes); }
    int sync(int file) override {
      struct stat status {};
      if (::fstat(file, &status) == 0 && !S_ISDIR(status.st_mode)) return system_.sync(file);
      errno = EINVAL;
      return -1;
    }
    int rename(int from_folder, const char* from, int to_folder, const char* to) override {
      return system_.rename(from_folder, from, to_folder, to);
    }
    int make_folder(int folder, const char* name, mode_t mode) override {
      return system_.make_folder(folder, name, mode);
    }
    int remove(int folder, const char* name, int flags) override {
      return system_.remove(folder, name, flags);
    }

   private:
    SystemFileCalls system_;
  };
  NoFolderSync calls;
  const std::unique_ptr<Store> store = open(&calls);
  EXPECT_TRUE(store->put(kKey, as_bytes(kNew), "image/png"));
  EXPECT_TRUE(store->remove(kKey));
}

TEST_F(LocalStoreTest, FilesAreTheirOwnersOnly) {
  const std::unique_ptr<Store> store = open();
  ASSERT_TRUE(store->put(kKey, as_bytes(kNew), "image/png"));
  const auto mode = [](const fs::path& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_mode & 0777;
  };
  EXPECT_EQ(mode(folder()), 0700u);
  EXPECT_EQ(mode(folder() / "a/b"), 0700u);
  EXPECT_EQ(mode(folder() / kKey), 0600u);
}

TEST_F(LocalStoreTest, NeverFollowsASymbolicLink) {
  const std::unique_ptr<Store> store = open();
  ASSERT_TRUE(store->put("real/x", as_bytes("inside"), ""));
  const fs::path outside = scratch_.path() / "outside";
  fs::create_directory(outside);
  std::ofstream(outside / "x") << "outside";
  fs::create_directory_symlink(outside, folder() / "folder");
  fs::create_symlink(outside / "x", folder() / "file");
  EXPECT_EQ(store->get("folder/x", 100).error().code, Code::not_found);
  EXPECT_EQ(store->head("file").error().code, Code::not_found);
  EXPECT_EQ(store->put("folder/x", as_bytes("new"), "").error().code, Code::conflict);
  EXPECT_TRUE(store->remove("folder/x"));
  EXPECT_EQ(keys_of(*store), std::vector<std::string>{"real/x"});
  EXPECT_TRUE(store->put("file", as_bytes("new"), ""));
  EXPECT_EQ(store->get("file", 100).value(), "new");
  std::string kept;
  std::ifstream(outside / "x") >> kept;
  EXPECT_EQ(kept, "outside");
}

TEST_F(LocalStoreTest, WhatIsNoObjectIsNotSeen) {
  const std::unique_ptr<Store> store = open();
  ASSERT_EQ(::mkfifo((folder() / "fifo").c_str(), 0600), 0);
  std::ofstream(folder() / "with space") << "x";
  fs::create_directories(folder() / "empty/folder");
  EXPECT_EQ(store->get("fifo", 100).error().code, Code::not_found);
  EXPECT_EQ(store->get("empty", 100).error().code, Code::not_found);
  EXPECT_EQ(store->head("empty/folder/x").error().code, Code::not_found);
  EXPECT_TRUE(store->remove("empty"));
  EXPECT_EQ(keys_of(*store), std::vector<std::string>{});
}

TEST_F(LocalStoreTest, AKeyIsNotAnothersFolder) {
  const std::unique_ptr<Store> store = open();
  ASSERT_TRUE(store->put("a/b", as_bytes("x"), ""));
  EXPECT_EQ(store->put("a", as_bytes("y"), "").error().code, Code::conflict);
  EXPECT_EQ(store->put("a/b/c", as_bytes("y"), "").error().code, Code::conflict);
  EXPECT_TRUE(store->remove("a/b/c"));
  EXPECT_EQ(keys_of(*store), std::vector<std::string>{"a/b"});
}

TEST_F(LocalStoreTest, RemovingTheLastObjectRemovesItsFolders) {
  const std::unique_ptr<Store> store = open();
  ASSERT_TRUE(store->put("a/b/c/1", as_bytes("x"), ""));
  ASSERT_TRUE(store->put("a/2", as_bytes("x"), ""));
  ASSERT_TRUE(store->remove("a/b/c/1"));
  EXPECT_FALSE(fs::exists(folder() / "a/b"));
  ASSERT_TRUE(store->remove("a/2"));
  EXPECT_FALSE(fs::exists(folder() / "a"));
}

TEST_F(LocalStoreTest, PutsAndRemovesInOneFolderDoNotDisturbEachOther) {
  const std::unique_ptr<Store> store = open();
  const auto come_and_go = [&](const std::string& name) {
    for (int i = 0; i < 200; ++i) {
      const std::string key = "a/b/" + name;
      const Result<void> put = store->put(key, as_bytes(name), "");
      EXPECT_TRUE(put) << put.error().text();
      EXPECT_EQ(store->get(key, 100).value(), name);
      EXPECT_TRUE(store->remove(key));
    }
  };
  {
    std::vector<std::jthread> threads;
    for (const char* name : {"x", "y", "z"}) threads.emplace_back(come_and_go, name);
  }
  EXPECT_EQ(keys_of(*store), std::vector<std::string>{});
}

TEST_F(LocalStoreTest, AFolderThatCannotBeUsedIsRefusedAtOpening) {
  std::ofstream(scratch_.path() / "file") << "x";
  EXPECT_FALSE(LocalStore::open(scratch_.path() / "file", clock_));
  EXPECT_FALSE(LocalStore::open(scratch_.path() / "file" / "below", clock_));
}

}  // namespace
}  // namespace limner
