// Quantising the default model: what is written, what it draws, what is refused.

#include "engine/quantize.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/files.h"
#include "base/json.h"
#include "engine/limner_tiny_drawings_test.h"
#include "tensor/safetensors_fixture.h"

namespace limner {
namespace {

namespace fs = std::filesystem;

fs::path fresh_folder(const std::string& name) {
  const fs::path path = fs::path(testing::TempDir()) / name;
  fs::remove_all(path);
  return path;
}

QuantizeRequest request_for(const std::string& name) {
  QuantizeRequest request;
  request.model = kTinyPath;
  request.output = fresh_folder(name);
  request.prompts = 1;
  request.threads = 1;
  return request;
}

TEST(Quantize, WritesNothingIntoTheModelItself) {
  const fs::path model = fresh_folder("tiny-copy");
  fs::copy(kTinyPath, model, fs::copy_options::recursive);
  QuantizeRequest request = request_for("unused");
  request.model = model;
  for (const fs::path& inside : {model / "int8", model / "unet" / ".." / "int8"}) {
    request.output = inside;
    EXPECT_EQ(quantize_model(request).error().code, Code::invalid) << inside;
  }
}

/// The default model in 8 bits, made once.
const fs::path& quantized_tiny() {
  static const fs::path path = [] {
    const QuantizeRequest request = request_for("tiny-int8");
    const Result<QuantizedModel> made = quantize_model(request);
    EXPECT_TRUE(made) << made.error().text();
    return request.output;
  }();
  return path;
}

std::vector<uint8_t> drawn_by(const fs::path& path, const std::string& prompt, int threads = 1,
                              std::vector<NamedWeight> loras = {}) {
  Result<ModelPtr> model = load(path, {.dtype = "f32", .threads = threads, .loras = std::move(loras)});
  if (!model) ADD_FAILURE() << model.error().text();
  if (!model) return {};
  DrawingParams params;
  params.prompt = prompt;
  params.seed = 1;
  params.steps = 12;
  params.sampler = "dpmpp_2m";
  const DrawingPtr drawing = opened(**model, params);
  return drawing ? pixels_of_the_rest(*drawing) : std::vector<uint8_t>();
}

double psnr(const std::vector<uint8_t>& a, const std::vector<uint8_t>& b) {
  double squares = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double error = static_cast<double>(a[i]) - b[i];
    squares += error * error;
  }
  return 10 * std::log10(255.0 * 255.0 * static_cast<double>(a.size()) / squares);
}

TEST(Quantize, DrawsNearlyTheSamePictures) {
  for (const char* prompt :
       {"a 3d render of a fox on a blue background", "a flat drawing of a castle on a white background"}) {
    const std::vector<uint8_t> exact = drawn_by(kTinyPath, prompt), int8 = drawn_by(quantized_tiny(), prompt);
    ASSERT_EQ(exact.size(), int8.size());
    EXPECT_NE(exact, int8) << "8 bits are seen in the bytes";
    EXPECT_GE(psnr(exact, int8), 25) << prompt;
    EXPECT_EQ(drawn_by(quantized_tiny(), prompt, 3), int8) << "on any number of threads";
  }
}

TEST(Quantize, TakesLoras) {
  const fs::path lora = fresh_folder("ramp.safetensors");
  const std::string module = "unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_v.";
  SafetensorsFixture()
      .add_ramp(module + "lora_A.weight", {1, 192}, 1e-3f)
      .add_ramp(module + "lora_B.weight", {192, 1}, 1e-1f)
      .write(lora);
  const char* prompt = "a flat drawing of a castle on a white background";
  const std::vector<NamedWeight> loras = {{lora.string(), 1}};
  const std::vector<uint8_t> exact = drawn_by(kTinyPath, prompt, 1, loras);
  const std::vector<uint8_t> int8 = drawn_by(quantized_tiny(), prompt, 1, loras);
  EXPECT_GE(psnr(exact, int8), 25);
  EXPECT_GT(psnr(exact, int8), psnr(exact, drawn_by(quantized_tiny(), prompt))) << "the LoRA acts";
}

TEST(Quantize, SaysWhatIsQuantised) {
  const Result<ModelPtr> model = load(quantized_tiny(), {.dtype = "f32", .threads = 1});
  ASSERT_TRUE(model) << model.error().text();
  EXPECT_NE(model_info(**model).quantization.find("computed in int8"), std::string::npos);
  EXPECT_TRUE(model_info(*load_tiny()).quantization.empty());
  const size_t bytes = describe(quantized_tiny(), {.dtype = "f32"})->weight_bytes;
  EXPECT_LT(bytes, describe(kTinyPath, {.dtype = "f32"})->weight_bytes);
}

TEST(Quantize, MapsAboveTheLimitKeepTheirPrecisionAndFilesAreTheSameEveryTime) {
  QuantizeRequest request = request_for("tiny-int8-some");
  const Result<QuantizedModel> all = quantize_model(request);
  ASSERT_TRUE(all) << all.error().text();
  EXPECT_LT(all->bytes_after, all->bytes_before);
  std::vector<double> errors;
  for (const QuantizedMap& map : all->maps) {
    EXPECT_GT(map.error, 0) << map.weight;
    errors.push_back(map.error);
  }
  const std::string first =
      read_file(request.output / "unet/diffusion_pytorch_model.safetensors", 1u << 28).value();
  EXPECT_EQ(first,
            read_file(quantized_tiny() / "unet/diffusion_pytorch_model.safetensors", 1u << 28).value());
  std::nth_element(errors.begin(), errors.begin() + static_cast<ptrdiff_t>(errors.size() / 2), errors.end());
  request = request_for("tiny-int8-half");
  request.error_max = errors[errors.size() / 2];
  const Result<QuantizedModel> half = quantize_model(request);
  ASSERT_TRUE(half) << half.error().text();
  EXPECT_EQ(std::ranges::count_if(half->maps, [](const QuantizedMap& map) { return map.int8; }),
            static_cast<ptrdiff_t>(errors.size() / 2 + 1));
}

TEST(Quantize, WeightOnlyIsNearer) {
  QuantizeRequest request = request_for("tiny-w8");
  request.weight_only = true;
  const Result<QuantizedModel> made = quantize_model(request);
  ASSERT_TRUE(made) << made.error().text();
  const char* prompt = "a 3d render of a fox on a blue background";
  const std::vector<uint8_t> exact = drawn_by(kTinyPath, prompt);
  EXPECT_GT(psnr(exact, drawn_by(request.output, prompt)), psnr(exact, drawn_by(quantized_tiny(), prompt)));
}

TEST(Quantize, RefusesWhatItCannotDo) {
  QuantizeRequest request = request_for("refused");
  request.prompts = 0;
  EXPECT_EQ(quantize_model(request).error().field, "calibrate");
  request = request_for("refused");
  request.error_max = std::nan("");
  EXPECT_EQ(quantize_model(request).error().field, "error_max");
  request = request_for("refused");
  request.output = testing::TempDir();
  EXPECT_EQ(quantize_model(request).error().code, Code::conflict);
  request = request_for("refused");
  request.model = quantized_tiny();
  EXPECT_EQ(quantize_model(request).error().text().find("quantised already") == std::string::npos, false);
  request = request_for("refused");
  request.error_max = 1e-9;
  EXPECT_EQ(quantize_model(request).error().field, "error_max");
  request = request_for("refused");
  request.progress = [](double) { return false; };
  EXPECT_EQ(quantize_model(request).error().code, Code::cancelled);
  EXPECT_FALSE(fs::exists(request.output)) << "nothing is left behind";
}

TEST(Quantize, EntryOfTheConfigIsChecked) {
  const fs::path folder = fresh_folder("tiny-int8-entry");
  fs::copy(quantized_tiny(), folder, fs::copy_options::recursive);
  const std::string text = read_file(folder / "unet/config.json", 1u << 20).value();
  const auto error_with = [&](const Json& entry) {
    Json config = parse_json(text, "config").value();
    if (entry.is_null())
      config.erase("quantization");
    else
      config["quantization"] = entry;
    const std::string changed = config.dump();
    EXPECT_TRUE(write_file_atomically(folder / "unet/config.json", std::as_bytes(std::span(changed))));
    const Result<ModelPtr> model = load(folder, {.dtype = "f32", .threads = 1});
    return model ? "accepted" : model.error().text();
  };
  EXPECT_EQ(error_with({{"format", "limner-int8-1"}, {"activations", "int8"}}), "accepted");
  EXPECT_NE(error_with(nullptr).find("quantization: missing"), std::string::npos);
  EXPECT_NE(error_with("int8").find("not an object"), std::string::npos);
  EXPECT_NE(error_with({{"format", "other"}, {"activations", "int8"}}).find("\"other\""), std::string::npos);
  EXPECT_NE(error_with({{"format", "limner-int8-1"}, {"activations", 3}}).find("activations: 3"),
            std::string::npos);
  EXPECT_NE(error_with({{"format", "limner-int8-1"}, {"activations", "int8"}, {"zero", 1}}).find("\"zero\""),
            std::string::npos);
}

}  // namespace
}  // namespace limner
