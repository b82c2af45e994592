#include "store/sealed_object.h"

#include <gtest/gtest.h>

#include "base/aead.h"
#include "base/crypto.h"
#include "base/ids.h"

namespace limner {
namespace {

constexpr const char* kObject = "pictures/ten_1/pic_1.png";
constexpr size_t kWholeChunk = kSealedChunkBytes + kAeadTagBytes;

DataKey new_data_key() { return {new_id("dky"), random_bytes(kAeadKeyBytes)}; }

std::string numbered_bytes(size_t count) {
  std::string bytes(count, '\0');
  for (size_t i = 0; i < count; ++i) bytes[i] = static_cast<char>(i * 31 + i / 251);
  return bytes;
}

class SealedObject : public testing::Test {
 protected:
  std::string seal(const std::string& plain, const char* object = kObject) {
    return seal_object(object, key_, as_bytes(plain));
  }
  void expect_damaged(const std::string& sealed) {
    const Result<std::string> opened = open_object(kObject, key_, sealed);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Code::data_loss);
    EXPECT_NE(opened.error().message.find(kObject), std::string::npos) << opened.error().text();
  }
  DataKey key_ = new_data_key();
};

TEST_F(SealedObject, OpensToWhatItWas) {
  for (const size_t size : {size_t{0}, size_t{1}, kSealedChunkBytes - 1, kSealedChunkBytes,
                            kSealedChunkBytes + 1, 3 * kSealedChunkBytes, 3 * kSealedChunkBytes + 777}) {
    const std::string plain = numbered_bytes(size), sealed = seal(plain);
    EXPECT_EQ(sealed.size(), sealed_size(size));
    EXPECT_EQ(plain_size(sealed.size()), size);
    EXPECT_TRUE(looks_sealed(sealed));
    EXPECT_EQ(sealed_key_id(kObject, sealed).value(), key_.id);
    EXPECT_TRUE(open_object(kObject, key_, sealed).value() == plain) << size;
  }
}

TEST_F(SealedObject, SaysNothingOfWhatItHolds) {
  const std::string plain(200'000, 'p'), first = seal(plain), second = seal(plain);
  EXPECT_EQ(first.find("pppp"), std::string::npos);
  EXPECT_NE(first.substr(kSealedHeaderBytes), second.substr(kSealedHeaderBytes));
  EXPECT_NE(first.substr(kSealedHeaderBytes, 1000), first.substr(kSealedHeaderBytes + kWholeChunk, 1000));
  EXPECT_EQ(first.find(key_.secret), std::string::npos);
}

TEST_F(SealedObject, OpensInParts) {
  const std::string plain = numbered_bytes(3 * kSealedChunkBytes + 5), sealed = seal(plain);
  for (const uint64_t begin :
       {uint64_t{0}, uint64_t{7}, uint64_t{kSealedChunkBytes - 1}, uint64_t{kSealedChunkBytes},
        uint64_t{plain.size() - 1}, uint64_t{plain.size()}, uint64_t{plain.size() + 9}})
    for (const uint64_t count : {uint64_t{0}, uint64_t{1}, uint64_t{2}, uint64_t{kSealedChunkBytes},
                                 uint64_t{2 * kSealedChunkBytes + 1}, UINT64_MAX}) {
      const std::string want = begin > plain.size()
                                   ? std::string()
                                   : plain.substr(static_cast<size_t>(begin), static_cast<size_t>(count));
      EXPECT_TRUE(open_object_range(kObject, key_, sealed, begin, count).value() == want)
          << begin << "+" << count;
    }
  EXPECT_EQ(open_object_range(kObject, key_, seal(""), 0, 10).value(), "");
}

TEST_F(SealedObject, APartIsAskedOnlyWhatItNeeds) {
  std::string sealed = seal(numbered_bytes(3 * kSealedChunkBytes));
  sealed[kSealedHeaderBytes + kWholeChunk + 5] ^= 1;
  EXPECT_TRUE(open_object_range(kObject, key_, sealed, 0, kSealedChunkBytes));
  EXPECT_TRUE(open_object_range(kObject, key_, sealed, 2 * kSealedChunkBytes, 10));
  EXPECT_FALSE(open_object_range(kObject, key_, sealed, kSealedChunkBytes - 1, 2));
}

TEST_F(SealedObject, AnyBitThatIsAnotherIsFound) {
  const std::string sealed = seal("some pixels");
  for (size_t bit = 0; bit < 8 * sealed.size(); ++bit) {
    std::string changed = sealed;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    expect_damaged(changed);
  }
}

TEST_F(SealedObject, CutOrLengthenedIsFound) {
  const std::string sealed = seal(numbered_bytes(2 * kSealedChunkBytes));
  for (const size_t size : {size_t{0}, size_t{7}, size_t{8}, size_t{79}, size_t{80}, size_t{90},
                            kSealedHeaderBytes + kWholeChunk, sealed.size() - 1})
    expect_damaged(sealed.substr(0, size));
  expect_damaged(sealed + "x");
  expect_damaged(sealed + sealed.substr(kSealedHeaderBytes + kWholeChunk));
  // A header that says what is left is that of another object.
  std::string shorter = sealed.substr(0, kSealedHeaderBytes + kWholeChunk);
  const std::string one_chunk = seal(numbered_bytes(kSealedChunkBytes));
  shorter.replace(40, 8, one_chunk.substr(40, 8));
  expect_damaged(shorter);
}

TEST_F(SealedObject, ChunksInAnotherOrderAreFound) {
  const std::string sealed = seal(numbered_bytes(3 * kSealedChunkBytes));
  const auto chunk = [&](size_t i) {
    return sealed.substr(kSealedHeaderBytes + i * kWholeChunk, kWholeChunk);
  };
  const std::string header = sealed.substr(0, kSealedHeaderBytes);
  EXPECT_TRUE(open_object(kObject, key_, header + chunk(0) + chunk(1) + chunk(2)));
  expect_damaged(header + chunk(1) + chunk(0) + chunk(2));
  expect_damaged(header + chunk(0) + chunk(0) + chunk(2));
  const std::string other = seal(numbered_bytes(3 * kSealedChunkBytes));
  expect_damaged(header + chunk(0) + other.substr(kSealedHeaderBytes + kWholeChunk, kWholeChunk) + chunk(2));
}

TEST_F(SealedObject, IsThatOfItsNameAndKey) {
  expect_damaged(seal("theirs", "pictures/ten_2/pic_1.png"));
  DataKey other = new_data_key();
  other.id = key_.id;
  expect_damaged(seal_object(kObject, other, as_bytes("theirs")));
}

TEST_F(SealedObject, WhatIsNotEncryptedIsNotReturned) {
  for (const std::string& plain : {std::string("\x89PNG\r\n\x1a\n"), std::string(), std::string(100, 'x')}) {
    EXPECT_FALSE(looks_sealed(plain));
    expect_damaged(plain);
  }
}

TEST_F(SealedObject, LengthsThatNoObjectHas) {
  EXPECT_FALSE(plain_size(0));
  EXPECT_FALSE(plain_size(sealed_size(0) - 1));
  EXPECT_FALSE(plain_size(sealed_size(kSealedChunkBytes) + 1));
  EXPECT_FALSE(plain_size(sealed_size(kSealedChunkBytes) + kAeadTagBytes));
  EXPECT_EQ(plain_size(sealed_size(kSealedChunkBytes + 1)), kSealedChunkBytes + 1);
}

}  // namespace
}  // namespace limner
