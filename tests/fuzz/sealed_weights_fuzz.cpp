// Any bytes as a file of encrypted weights: read whole, mapped, wrapped anew. Nothing may crash, and nobody
// who has not the key has made any that opens.

#include <stdlib.h>

#include "base/check.h"
#include "base/crypto.h"
#include "base/files.h"
#include "base/sealed_weights.h"

namespace {

using namespace limner;

class NobodysKeys final : public WeightKeys {
 public:
  std::string wraps_by() override { return std::string(16, 'a'); }
  Result<std::string> wrap(std::string_view, std::string_view) override {
    return random_bytes(kWrappedKeyBytes);
  }
  // Some key, so that what comes behind the header is reached as well.
  Result<std::string> unwrap(std::string_view wrapped, std::string_view, std::string_view) override {
    if (wrapped.empty() || wrapped.front() == 'x') return Error{Code::unavailable, "key", "is not here", ""};
    return random_bytes(32);
  }
};

std::filesystem::path file_of_this_process() {
  std::string name = (std::filesystem::temp_directory_path() / "limner-fuzz-XXXXXX").string();
  LIMNER_CHECK(::mkdtemp(name.data()) != nullptr, "there is room for a file");
  return std::filesystem::path(name) / "weights";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::filesystem::path kPath = file_of_this_process();
  const auto keys = std::make_shared<NobodysKeys>();
  set_weight_keys(
      [keys]() -> Result<std::shared_ptr<WeightKeys>> { return std::shared_ptr<WeightKeys>(keys); });
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  LIMNER_CHECK(write_file_atomically(kPath, as_bytes(bytes)).has_value(), "there is room for a file");
  const auto nothing = [](std::span<const std::byte>) -> Result<void> { return {}; };
  const bool sealed = looks_sealed_weights(bytes);
  LIMNER_CHECK(is_sealed_weights(kPath).value() == sealed, "a file is what its bytes are");
  LIMNER_CHECK(read_weights(kPath, nothing).has_value() != sealed, "who has not the key makes no weights");
  if (sealed) static_cast<void>(rewrap_weights(kPath, *keys));
  return 0;
}
