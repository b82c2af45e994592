// Safetensors files are the largest bytes from outside. Whatever is accepted must be readable to its last
// byte.

#include <cstdint>
#include <span>
#include <string>

#include "base/check.h"
#include "tensor/safetensors.h"

namespace {

// Every byte of an accepted tensor is inside the file: the sanitizers see to it.
void read_all(const limner::SafetensorsFile& file) {
  uint64_t sum = 0;
  for (const std::string& name : file.names()) {
    const limner::Result<limner::Shape> shape = file.shape_of(name);
    LIMNER_CHECK(file.has(name) && shape, "a listed tensor exists");
    const limner::Result<limner::Weight> weight = file.get(name, *shape);
    if (!weight) continue;
    const auto* bytes = static_cast<const unsigned char*>(weight->view.data);
    for (const unsigned char byte : std::span(bytes, weight->view.bytes())) sum += byte;
  }
  LIMNER_CHECK(sum < UINT64_MAX, "a sum of bytes");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto file = limner::SafetensorsFile::from_bytes(
      "fuzz.safetensors", std::string(reinterpret_cast<const char*>(data), size));
  if (file) read_all(**file);
  return 0;
}
