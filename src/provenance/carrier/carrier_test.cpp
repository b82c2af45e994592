#include "provenance/carrier/carrier.h"

#include <gtest/gtest.h>

#include "image/file_metadata.h"
#include "provenance/jumbf/box.h"
#include "provenance/test_pictures.h"

namespace limner {
namespace {

using namespace testing_pictures;

// Long enough for several JPEG segments, and of an even size.
std::string long_store() {
  std::string content;
  for (int i = 0; i < 150'001; ++i) content += static_cast<char>(i * 7 + i / 251);
  std::string store = write_superbox("c2pa", "c2pa", write_box("cbor", content));
  if (store.size() % 2) store = write_superbox("c2pa", "c2pa", write_box("cbor", content + "x"));
  return store;
}

TEST(Carrier, AStoreComesBackAndNothingElseChanges) {
  const std::string store = long_store();
  for (const Format format : kSigned) {
    const std::string file = file_of(format);
    EXPECT_EQ(find_store(format, file)->store, "") << format_name(format);
    const Result<CarryingFile> carrying = carry_store(format, file, store);
    ASSERT_TRUE(carrying) << carrying.error().text();
    const Result<CarriedStore> found = find_store(format, carrying->file);
    ASSERT_TRUE(found) << found.error().text();
    EXPECT_TRUE(found->store == store) << format_name(format);
    EXPECT_EQ(found->start, carrying->start);
    EXPECT_EQ(found->length, carrying->length);
    const auto bytes = std::as_bytes(std::span(carrying->file));
    EXPECT_EQ(read_file_metadata(bytes, "file")->limner_json, "{\"task\":\"text-to-image\"}");
    EXPECT_EQ(decode_picture(bytes, "file")->pixels,
              decode_picture(std::as_bytes(std::span(file)), "file")->pixels);
  }
}

TEST(Carrier, TwoStoresAreRefused) {
  const std::string store = write_superbox("c2pa", "c2pa", write_box("cbor", "{}"));
  using Carry = Result<CarryingFile> (*)(std::string_view, std::string_view);
  const std::pair<Format, Carry> cases[] = {
      {Format::png, carry_png_store}, {Format::jpeg, carry_jpeg_store}, {Format::webp, carry_webp_store}};
  for (const auto& [format, carry] : cases) {
    const std::string once = carry(file_of(format), store)->file;
    const Result<CarriedStore> found = find_store(format, carry(once, store)->file);
    ASSERT_FALSE(found) << format_name(format);
    EXPECT_EQ(found.error().code, Code::invalid);
    EXPECT_EQ(carry_store(format, once, store).error().code, Code::conflict);
  }
}

TEST(Carrier, PiecesOfAJpegStoreFollowOneAnother) {
  const std::string store = long_store();
  const std::string file = carry_jpeg_store(file_of(Format::jpeg), store)->file;
  size_t second = file.find("\xFF\xEB");
  second = file.find("\xFF\xEB", second + 2);
  while (file.substr(second + 4, 2) != "JP") second = file.find("\xFF\xEB", second + 2);
  std::string counted_wrong = file;
  counted_wrong[second + 11] = '\x07';
  EXPECT_FALSE(find_jpeg_store(counted_wrong));
  std::string between = file;
  between.insert(second, std::string("\xFF\xFE\0\4hi", 6));
  EXPECT_FALSE(find_jpeg_store(between));
}

TEST(Carrier, EveryCutIsRefusedOrHasNoStore) {
  const std::string store = write_superbox("c2pa", "c2pa", write_box("cbor", "{}"));
  for (const Format format : kSigned) {
    const CarryingFile carrying = *carry_store(format, file_of(format), store);
    for (size_t size = 12; size < carrying.start + carrying.length; ++size) {
      const auto found = find_store(format, std::string_view(carrying.file).substr(0, size));
      EXPECT_TRUE(!found || found->store.empty() || found->start + found->length <= size) << size;
    }
  }
}

TEST(Carrier, AvifCarriesNone) {
  const std::string file = file_of(Format::avif);
  EXPECT_EQ(find_store(Format::avif, file)->store, "");
  EXPECT_EQ(carry_store(Format::avif, file, "store").error().code, Code::unsupported);
  const std::string box = "\xD8\xFE\xC3\xD6\x1B\x0E\x48\x3C\x92\x97\x58\x28\x87\x7E\xC4\x81";
  EXPECT_EQ(find_store(Format::avif, file + box).error().code, Code::unsupported)
      << "not having looked is not having found nothing";
}

}  // namespace
}  // namespace limner
