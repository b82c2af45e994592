#include "families/quantization.h"

#include <fmt/format.h>

namespace limner {
namespace {

constexpr const char* kEntry = "quantization";
constexpr const char* kFormat = "limner-int8-1";

std::string short_text(const Json& json) { return json.dump().substr(0, 80); }

Result<bool> read_activations(const Json& entry, const std::string& field) {
  if (!entry.is_object()) return invalid(field, fmt::format("{} is not an object", short_text(entry)));
  for (const auto& [key, value] : entry.items())
    if (key != "format" && key != "activations")
      return unsupported(field, fmt::format("\"{}\" is not one of: format, activations", key.substr(0, 80)));
  const Json format = entry.value("format", Json()), activations = entry.value("activations", Json());
  if (format != kFormat)
    return unsupported(field + ": format", fmt::format("{}; supported: \"{}\"", short_text(format), kFormat));
  if (activations != "int8" && activations != "none")
    return invalid(field + ": activations",
                   fmt::format("{} is not one of: \"int8\", \"none\"", short_text(activations)));
  return activations == "int8";
}

}  // namespace

const WeightSet& Quantization::computed_in_int8() const {
  static const WeightSet nothing;
  return activations_int8 ? weights : nothing;
}

Result<Quantization> read_quantization(const Json& config, const std::string& field,
                                       const WeightSource& weights) {
  Quantization found;
  for (std::string& name : weights.names())
    if (weights.is_int8(name)) found.weights.insert(std::move(name));
  const std::string place = fmt::format("{}: {}", field, kEntry);
  if (config.contains(kEntry)) {
    found.activations_int8 = TRY(read_activations(config[kEntry], place));
  } else if (!found.weights.empty()) {
    return invalid(place, fmt::format("missing, but {} weights are stored in 8 bits", found.weights.size()),
                   "limner model quantize writes both");
  }
  return found;
}

Json quantization_entry(bool activations_int8) {
  return {{"format", kFormat}, {"activations", activations_int8 ? "int8" : "none"}};
}

}  // namespace limner
