#include "store/master_keys.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "base/aead.h"
#include "base/crypto.h"
#include "base/files.h"
#include "store/test_folder.h"

namespace limner {
namespace {

class MasterKeysTest : public testing::Test {
 protected:
  TestFolder scratch_;
  std::filesystem::path path_ = scratch_.path() / "master.key";
  DataKey key_{"dky_1", random_bytes(kAeadKeyBytes)};
};

TEST_F(MasterKeysTest, UnwrapsWhatItWrapped) {
  const MasterKeys keys = MasterKeys::make();
  const std::string wrapped = keys.wrap(key_, "ten_1", keys.id());
  EXPECT_EQ(keys.unwrap(wrapped, key_.id, "ten_1", keys.id())->secret, key_.secret);
  EXPECT_NE(wrapped, keys.wrap(key_, "ten_1", keys.id()));
}

TEST_F(MasterKeysTest, AWrappedKeyIsThatOfItsRow) {
  const MasterKeys keys = MasterKeys::make(), others = MasterKeys::make();
  const std::string wrapped = keys.wrap(key_, "ten_1", keys.id());
  EXPECT_EQ(keys.unwrap(wrapped, "dky_2", "ten_1", keys.id()).error().code, Code::data_loss);
  EXPECT_EQ(keys.unwrap(wrapped, key_.id, "ten_2", keys.id()).error().code, Code::data_loss);
  EXPECT_EQ(keys.unwrap(wrapped + "AAAA", key_.id, "ten_1", keys.id()).error().code, Code::data_loss);
  EXPECT_EQ(keys.unwrap("", key_.id, "ten_1", keys.id()).error().code, Code::data_loss);
  EXPECT_EQ(keys.unwrap("*", key_.id, "ten_1", keys.id()).error().code, Code::data_loss);
  EXPECT_EQ(others.unwrap(wrapped, key_.id, "ten_1", keys.id()).error().code, Code::unavailable);
  EXPECT_EQ(others.unwrap(wrapped, key_.id, "ten_1", others.id()).error().code, Code::data_loss);
}

TEST_F(MasterKeysTest, AreKeptInAFileForTheirOwner) {
  const MasterKeys keys = MasterKeys::make();
  ASSERT_TRUE(keys.write(path_, true));
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_EQ(MasterKeys::read(path_)->id(), keys.id());
  EXPECT_EQ(MasterKeys::make().write(path_, true).error().code, Code::conflict);
  EXPECT_EQ(MasterKeys::read(path_)->id(), keys.id());
}

TEST_F(MasterKeysTest, ANewOneWrapsAndAllUnwrap) {
  const MasterKeys old = MasterKeys::make(), both = old.with_new();
  ASSERT_TRUE(both.write(path_, true));
  const MasterKeys read = MasterKeys::read(path_).value();
  EXPECT_EQ(read.id(), both.id());
  EXPECT_NE(read.id(), old.id());
  EXPECT_TRUE(read.has(old.id()));
  EXPECT_EQ(read.unwrap(old.wrap(key_, "t", old.id()), key_.id, "t", old.id())->secret, key_.secret);
  ASSERT_TRUE(read.newest().write(path_, false));
  EXPECT_FALSE(MasterKeys::read(path_)->has(old.id()));
  EXPECT_EQ(MasterKeys::read(path_)->id(), both.id());
}

TEST_F(MasterKeysTest, OtherFilesAreRefusedWithoutTheirContents) {
  EXPECT_EQ(MasterKeys::read(path_).error().code, Code::not_found);
  const std::string secret = to_base64(random_bytes(31));
  for (const std::string& text :
       {std::string(), std::string("\n\n"), std::string("secret\n"), "limner-master-1:" + secret + "\n",
        std::string("limner-master-1:*\n"), std::string("limner-master-1:\n"), std::string(20'000, 'x')}) {
    std::ofstream(path_) << text;
    std::filesystem::permissions(path_, std::filesystem::perms::owner_all);
    const Result<MasterKeys> read = MasterKeys::read(path_);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().text().find(secret), std::string::npos);
  }
}

TEST_F(MasterKeysTest, OneThatEverybodyCanReadIsRefused) {
  ASSERT_TRUE(MasterKeys::make().write(path_, true));
  std::filesystem::permissions(path_, std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  EXPECT_EQ(MasterKeys::read(path_).error().code, Code::invalid);
}

}  // namespace
}  // namespace limner
