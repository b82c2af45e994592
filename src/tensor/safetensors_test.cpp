#include "tensor/safetensors.h"

#include <gtest/gtest.h>

#include <ctime>

#include "tensor/safetensors_fixture.h"

namespace limner {
namespace {

std::string error_of(std::string_view header, std::string_view data = {}) {
  const auto file = SafetensorsFile::from_bytes("x.safetensors", safetensors_bytes(header, data));
  return file ? "accepted" : file.error().text();
}

TEST(Safetensors, ReadsTensorsAndMetadata) {
  const auto file = SafetensorsFixture()
                        .metadata({{"format", "pt"}})
                        .add("b", {2, 2}, {1, 2, 3, 4})
                        .add("a", {1}, {5})
                        .open();
  EXPECT_EQ(file->metadata().at("format"), "pt");
  EXPECT_EQ(file->names(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(values_of(*file, "b", {2, 2}), (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(values_of(*file, "b", {2, 2, 1, 1}), (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(file->shape_of("a").value(), Shape{1});
}

TEST(Safetensors, SaysWhatIsMissingOrWrong) {
  const auto file = SafetensorsFixture().add("w", {2, 2}, {1, 2, 3, 4}).open("m.safetensors");
  EXPECT_EQ(file->get("v", {1}).error().code, Code::not_found);
  EXPECT_EQ(file->get("w", {4}).error().text(), "m.safetensors: tensor 'w' is [2, 2], expected [4]");
}

TEST(Safetensors, AcceptsAnEmptyFileOfNoTensorsAndTrailingSpaces) {
  EXPECT_EQ(error_of("{}   "), "accepted");
  EXPECT_EQ(error_of(R"({"e":{"dtype":"F32","shape":[0,4],"data_offsets":[0,0]}})"), "accepted");
}

TEST(Safetensors, GivesMisalignedTensorsAligned) {
  const float value = 2.5f;
  std::string data(1, 'x');
  data.append(reinterpret_cast<const char*>(&value), 4);
  const auto file = SafetensorsFile::from_bytes(
      "m", safetensors_bytes(R"({"u":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                             R"("f":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}})",
                             data));
  ASSERT_TRUE(file) << file.error().text();
  const Result<Weight> weight = file.value()->get("f", {1});
  ASSERT_TRUE(weight);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(weight->view.data) % 4, 0u);
  EXPECT_EQ(weight->view.f32()[0], 2.5f);
}

TEST(Safetensors, KeepsTensorsOfOtherTypesButDoesNotComputeWithThem) {
  const auto file = SafetensorsFile::from_bytes(
      "m", safetensors_bytes(R"({"i":{"dtype":"I32","shape":[1],"data_offsets":[0,4]},)"
                             R"("q":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[4,6]}})",
                             "abcdef"));
  ASSERT_TRUE(file) << file.error().text();
  EXPECT_EQ(file.value()->get("i", {1}).error().code, Code::unsupported);
  EXPECT_NE(file.value()->get("q", {2}).error().text().find("F8_E4M3"), std::string::npos);
}

TEST(Safetensors, RefusesHostileHeaders) {
  const std::string four(4, '\0'), eight(8, '\0');
  const struct {
    std::string header, data, says;
  } cases[] = {
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}})", eight,
       "takes 4 bytes, the header gives 8"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", four, "not inside"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}})", four, "not inside"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", eight, "begins at byte 4"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", eight, "where the header describes 4"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
       four, "begins at byte 0"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
       eight, "is there twice"},
      {R"({"a":{"dtype":"F32","shape":[4611686018427387904,4611686018427387904],"data_offsets":[0,4]}})",
       four, "overflows"},
      {R"({"a":{"dtype":"F32","shape":[4611686018427387904,4611686018427387904,0],"data_offsets":[0,0]}})",
       "", "overflows"},
      {R"({"a":{"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,4]}})", four, "too large"},
      {R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", four, "negative"},
      {R"({"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}})", four, "fraction"},
      {R"({"a":{"dtype":"F32","shape":[1,1,1,1,1,1],"data_offsets":[0,4]}})", four, "five extents"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}})", four, "two data_offsets"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}})", four, "two numbers"},
      {R"({"a":{"dtype":"F32","shape":[1]}})", four, "lacks"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}})", four, "unknown field 'x'"},
      {R"({"a":{"dtype":"F32","shape":[[1]],"data_offsets":[0,4]}})", four, "list where none"},
      {R"({"a":{"dtype":{},"shape":[1],"data_offsets":[0,4]}})", four, "object where none"},
      {R"({"a":null})", "", "null"},
      {R"({"__metadata__":"x"})", "", "text where none"},
      {R"({"__metadata__":{"k":1}})", "", "number where none"},
      {R"([])", "", "list where none"},
      {R"({"a":)", "", "not valid JSON"},
      {"{\"a\xff\":{}}", "", "not valid JSON"},
      {"", "", "not valid JSON"},
      {R"({} x)", "", "not valid JSON"},
      {std::string(100000, '['), "", "list where none"},
  };
  for (const auto& test : cases)
    EXPECT_NE(error_of(test.header, test.data).find(test.says), std::string::npos)
        << test.header.substr(0, 100) << "\n"
        << error_of(test.header, test.data);
}

TEST(Safetensors, RefusesLyingLengthsAndTruncation) {
  const std::string whole = SafetensorsFixture().add("w", {2}, {1, 2}).bytes();
  for (size_t length = 0; length < whole.size(); ++length)
    EXPECT_FALSE(SafetensorsFile::from_bytes("cut", whole.substr(0, length))) << length;
  std::string lying = whole;
  lying[7] = '\x7f';
  EXPECT_FALSE(SafetensorsFile::from_bytes("lying", lying));
}

TEST(Safetensors, TellsPicklesAndOthersApart) {
  const auto says = [](std::string bytes) {
    const auto file = SafetensorsFile::from_bytes("model.ckpt", std::move(bytes));
    return file ? "accepted" : file.error().text();
  };
  EXPECT_NE(says("PK\x03\x04 and so on").find("pickle"), std::string::npos);
  EXPECT_NE(says("\x80\x02}q\x01(X").find("pickle"), std::string::npos);
  EXPECT_NE(says("GGUF\x03").find("GGUF"), std::string::npos);
  EXPECT_NE(says("version https://git-lfs.github.com/spec/v1").find("git lfs pull"), std::string::npos);
}

TEST(Safetensors, ReadsManyTensorsInLinearTime) {
  std::string header = "{";
  for (size_t i = 0; i < 200000; ++i)
    header += fmt::format(R"({}"layer.{}.weight":{{"dtype":"U8","shape":[1],"data_offsets":[{},{}]}})",
                          i ? "," : "", i, i, i + 1);
  header += "}";
  const std::string bytes = safetensors_bytes(header, std::string(200000, 'x'));
  const std::clock_t start = std::clock();
  const auto file = SafetensorsFile::from_bytes("many", bytes);
  const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  ASSERT_TRUE(file);
  EXPECT_TRUE(file.value()->has("layer.199999.weight"));
  RecordProperty("seconds", std::to_string(seconds));
  EXPECT_LT(seconds, 20.0);  // measured 0.2, under sanitizers more; a quadratic reader takes minutes
}

}  // namespace
}  // namespace limner
