#pragma once
// For tests only: makes the bytes of safetensors files.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/safetensors.h"

namespace limner {

/// A header given as JSON text, then `data`.
inline std::string safetensors_bytes(std::string_view header, std::string_view data) {
  std::string bytes;
  for (size_t i = 0; i < 8; ++i) bytes += static_cast<char>((header.size() >> (8 * i)) & 0xffu);
  return bytes.append(header).append(data);
}

/// Collects f32 tensors and makes a file of them.
class SafetensorsFixture {
 public:
  SafetensorsFixture& add(std::string_view name, std::vector<int64_t> shape,
                          const std::vector<float>& values) {
    const std::string_view raw(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
    entries_ += fmt::format(R"({}"{}":{{"dtype":"F32","shape":[{}],"data_offsets":[{},{}]}})",
                            entries_.empty() ? "" : ",", name, fmt::join(shape, ","), data_.size(),
                            data_.size() + raw.size());
    data_ += raw;
    return *this;
  }
  /// A tensor of `shape` whose elements are 0, step, 2 step, ...
  SafetensorsFixture& add_ramp(std::string_view name, std::vector<int64_t> shape, float step = 1) {
    std::vector<float> values(static_cast<size_t>(Shape(shape).count()));
    for (size_t i = 0; i < values.size(); ++i) values[i] = step * static_cast<float>(i);
    return add(name, std::move(shape), values);
  }
  SafetensorsFixture& metadata(std::map<std::string, std::string> texts) {
    metadata_ = std::move(texts);
    return *this;
  }

  std::string bytes() const {
    std::vector<std::string> texts;
    for (const auto& [key, value] : metadata_) texts.push_back(fmt::format(R"("{}":"{}")", key, value));
    const std::string metadata = fmt::format(R"("__metadata__":{{{}}})", fmt::join(texts, ","));
    return safetensors_bytes(fmt::format("{{{}{}{}}}", metadata, entries_.empty() ? "" : ",", entries_),
                             data_);
  }
  std::shared_ptr<const SafetensorsFile> open(std::string name = "fixture.safetensors") const {
    Result<std::shared_ptr<const SafetensorsFile>> file =
        SafetensorsFile::from_bytes(std::move(name), bytes());
    LIMNER_CHECK(file, "a fixture is a valid file");
    return std::move(file).value();
  }
  void write(const std::filesystem::path& path) const {
    const std::string all = bytes();
    std::ofstream(path, std::ios::binary).write(all.data(), static_cast<std::streamsize>(all.size()));
  }

 private:
  std::string entries_, data_;
  std::map<std::string, std::string> metadata_;
};

/// A tensor's values as f32; the test fails if it cannot be had.
inline std::vector<float> values_of(const WeightSource& source, std::string_view name, const Shape& shape) {
  Result<Weight> weight = source.get(name, shape);
  if (!weight) throw std::runtime_error(weight.error().text());
  std::vector<float> values(static_cast<size_t>(shape.count()));
  convert_to_f32(weight->view.dtype, weight->view.data, values.size(), values.data());
  return values;
}

}  // namespace limner
