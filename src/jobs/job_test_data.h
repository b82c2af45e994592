#pragma once
// A worker and a picture, for the tests of jobs and of what they keep.

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "image/codec.h"

namespace limner {

/// Who has taken up a job.
inline constexpr const char* kTestOwner = "host:1:x";

/// A grey picture's file.
inline std::string grey_png(int width, int height) {
  Picture picture{width, height, 3, {}};
  picture.pixels.assign(static_cast<size_t>(width) * height * 3, 128);
  const auto bytes = encode_picture(picture, {}).value();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// An SRVGGNetCompact of zeros, which doubles pictures by repetition.
inline void write_doubling_upscaler(const std::filesystem::path& path) {
  const std::vector<std::pair<std::string, std::vector<int>>> tensors = {{"body.0.weight", {4, 3, 3, 3}},
                                                                         {"body.0.bias", {4}},
                                                                         {"body.1.weight", {4}},
                                                                         {"body.2.weight", {12, 4, 3, 3}},
                                                                         {"body.2.bias", {12}}};
  Json header = Json::object();
  size_t bytes = 0;
  for (const auto& [name, shape] : tensors) {
    size_t count = 4;
    for (const int extent : shape) count *= static_cast<size_t>(extent);
    header[name] = {{"dtype", "F32"}, {"shape", shape}, {"data_offsets", {bytes, bytes + count}}};
    bytes += count;
  }
  const std::string text = header.dump();
  const uint64_t length = text.size();
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(&length), sizeof(length));
  file << text << std::string(bytes, '\0');
}

}  // namespace limner
