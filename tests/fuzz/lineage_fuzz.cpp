// Any bytes offered as a lineage.json. What is accepted names only files inside its folder, and can be said
// again as JSON.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string_view>

#include "base/check.h"
#include "engine/lineage.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace limner;
  const Result<Lineage> lineage = parse_lineage({reinterpret_cast<const char*>(data), size});
  if (!lineage) return 0;
  for (const LineageWeights& weights : lineage->weights) {
    const std::filesystem::path inside = std::filesystem::path("/folder") / weights.file;
    LIMNER_CHECK(inside.lexically_normal() == inside && inside.string().starts_with("/folder/"),
                 "weights lie in the folder");
    LIMNER_CHECK(weights.match == LineageMatch::unchecked, "nothing was read");
  }
  static_cast<void>(lineage_json(*lineage).dump(-1, ' ', false, Json::error_handler_t::replace));
  return 0;
}
