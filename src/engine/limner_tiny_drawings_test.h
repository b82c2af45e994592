#pragma once
// Drawings of the default model for the tests of this folder: small, of few steps, in f32.

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/json.h"
#include "engine/engine.h"

namespace limner {

inline constexpr const char* kTinyPath = LIMNER_SOURCE_DIR "/models/limner-tiny";

inline ModelPtr load_tiny() {
  Result<ModelPtr> loaded = load(kTinyPath, {.dtype = "f32", .threads = 1});
  EXPECT_TRUE(loaded) << loaded.error().text();
  return std::move(*loaded);
}

/// The default model with one entry of a config file changed, in a folder of its own.
inline std::filesystem::path tiny_with(const std::string& part, const std::string& key, const Json& value) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::path(testing::TempDir()) / ("tiny-" + part + "-" + key);
  fs::remove_all(folder);
  fs::copy(kTinyPath, folder, fs::copy_options::recursive);
  const fs::path config = folder / part / "config.json";
  Json json = parse_json(read_file(config, 1 << 20).value(), "config").value();
  json[key] = value;
  const std::string text = json.dump();
  EXPECT_TRUE(write_file_atomically(config, std::as_bytes(std::span(text))));
  return folder;
}

inline DrawingParams small_brief(const std::string& sampler, int steps = 4) {
  DrawingParams params;
  params.prompt = "a red apple";
  params.seed = 7;
  params.width = params.height = 64;
  params.steps = steps;
  params.sampler = sampler;
  return params;
}

/// A picture of 64 by 64 with something on it.
inline Picture small_picture() {
  Picture picture{64, 64, 3, std::vector<uint8_t>(64 * 64 * 3)};
  for (size_t i = 0; i < picture.pixels.size(); ++i) picture.pixels[i] = static_cast<uint8_t>(i * 7 / 64);
  return picture;
}

/// White on its right half.
inline Picture small_mask() {
  Picture mask{64, 64, 1, std::vector<uint8_t>(64 * 64)};
  for (int y = 0; y < 64; ++y) std::fill(mask.row(y) + 32, mask.row(y) + 64, uint8_t{255});
  return mask;
}

inline DrawingPtr opened(Model& model, const DrawingParams& params, const DrawingInputs& inputs = {}) {
  Result<DrawingPtr> drawing = open(model, params, inputs);
  EXPECT_TRUE(drawing) << drawing.error().text();
  return drawing ? std::move(*drawing) : nullptr;
}

inline void take_steps(Drawing& drawing, int count) {
  Drawing* const one[] = {&drawing};
  for (int i = 0; i < count; ++i) ASSERT_TRUE(step(one));
}

inline std::vector<uint8_t> pixels_of_the_rest(Drawing& drawing) {
  while (!drawn(drawing)) take_steps(drawing, 1);
  const Result<Picture> picture = finish(drawing);
  EXPECT_TRUE(picture) << picture.error().text();
  return picture ? picture->pixels : std::vector<uint8_t>();
}

/// A way of drawing that every sampler is to be tried with. From text alone is the first pass of hires-fix.
struct Way {
  std::string name;
  DrawingInputs inputs;
  void (*change)(DrawingParams&);
};

inline std::vector<Way> ways_of_drawing() {
  return {
      {"picture", {.init = small_picture()}, [](DrawingParams& params) { params.strength = 0.6; }},
      {"inpainting", {.init = small_picture(), .mask = small_mask()}, [](DrawingParams&) {}},
      {"hires",
       {},
       [](DrawingParams& params) {
         params.hires_scale = 1.25;
         params.hires_strength = 0.7;
       }},
  };
}

}  // namespace limner
