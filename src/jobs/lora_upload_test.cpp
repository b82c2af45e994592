#include "jobs/lora_upload.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace limner {
namespace {

std::string file_of(const std::string& header, size_t data_bytes) {
  std::string file;
  for (size_t i = 0; i < 8; ++i) file += static_cast<char>(header.size() >> (8 * i) & 0xff);
  return file + header + std::string(data_bytes, '\0');
}

std::string tensor(const std::string& name, int begin, int end) {
  return Json{{name, {{"dtype", "F32"}, {"shape", {(end - begin) / 4}}, {"data_offsets", {begin, end}}}}}
      .dump();
}

TEST(LoraUpload, AcceptsWhatIsNamedLikeALora) {
  for (const char* name :
       {"lora_unet_mid.lora_up.weight", "unet.mid.lora_A.weight", "a.hada_w1_a", "a.lokr_w1"})
    EXPECT_TRUE(check_lora_bytes(file_of(tensor(name, 0, 8), 8), "file")) << name;
}

TEST(LoraUpload, RefusesWhatIsNone) {
  const std::string good = tensor("a.lora_up.weight", 0, 8);
  std::string huge_length = file_of(good, 8);
  huge_length[7] = '\x7f';
  const std::pair<const char*, std::string> cases[] = {
      {"empty", ""},
      {"short", "1234567"},
      {"a pickle", "\x80\x02}q\x01."},
      {"longer than the file", file_of(good, 8).substr(0, 40)},
      {"absurdly long", huge_length},
      {"no JSON", file_of("{nothing", 8)},
      {"no object", file_of("[1]", 8)},
      {"tensors beyond the end", file_of(good, 4)},
      {"offsets backwards", file_of(tensor("a.lora_up.weight", 8, 4), 8)},
      {"no offsets", file_of(R"({"a.lora_up.weight":{"dtype":"F32"}})", 8)},
      {"a tensor that is a number", file_of(R"({"a.lora_up.weight":7})", 8)},
      {"negative offsets", file_of(R"({"a.lora_up.weight":{"data_offsets":[-4,4]}})", 8)},
      {"a checkpoint", file_of(tensor("model.diffusion_model.out.weight", 0, 8), 8)},
      {"only notes", file_of(R"({"__metadata__":{"a.lora_up":"x"}})", 0)},
      {"nested too deep", file_of(R"({"a.lora_up":{"data_offsets":[[[[[0]]]]]}})", 8)},
  };
  for (const auto& [what, bytes] : cases) {
    const Result<void> checked = check_lora_bytes(bytes, "file");
    ASSERT_FALSE(checked) << what;
    EXPECT_EQ(checked.error().code, Code::invalid) << what;
    EXPECT_EQ(checked.error().field, "file") << what;
  }
}

}  // namespace
}  // namespace limner
