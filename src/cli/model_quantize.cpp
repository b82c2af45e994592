// limner model quantize: a model with linear maps in 8 bits.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/printable.h"
#include "cli/progress_line.h"
#include "engine/model_library.h"
#include "engine/quantize.h"

namespace limner {
namespace {

struct QuantizeFlags {
  std::string model;
  int bits = 8;
  QuantizeRequest request;
  bool json = false, quiet = false;
};

void print_report(const QuantizeFlags& flags, const QuantizedModel& made) {
  const auto in_int8 = std::ranges::count_if(made.maps, [](const QuantizedMap& map) { return map.int8; });
  if (!flags.json) {
    for (const QuantizedMap& map : made.maps)
      if (!map.int8) fmt::print("kept: {} (error {:.3f})\n", map.weight, map.error);
    fmt::print("{} of {} linear maps in 8 bits, UNet {:.1f} MiB instead of {:.1f}\n{}\n", in_int8,
               made.maps.size(), static_cast<double>(made.bytes_after) / (1 << 20),
               static_cast<double>(made.bytes_before) / (1 << 20), flags.request.output.string());
    return;
  }
  Json maps = Json::array();
  for (const QuantizedMap& map : made.maps)
    maps.push_back({{"weight", map.weight}, {"error", map.error}, {"int8", map.int8}});
  fmt::print("{}\n", json_text({{"path", flags.request.output.string()},
                                {"int8", in_int8},
                                {"bytes_before", made.bytes_before},
                                {"bytes", made.bytes_after},
                                {"maps", maps}}));
}

Result<int> quantize_one_model(QuantizeFlags flags) {
  if (flags.bits != 8) return unsupported("bits", fmt::format("{}; weights are quantised to 8", flags.bits));
  flags.request.model = TRY(find_model(flags.model));
  watch_interrupts();
  ProgressLine line(flags.quiet);
  line.stage(fmt::format("measuring {}", flags.request.model.filename().string()));
  flags.request.progress = [&line](double share) {
    line.update(static_cast<int>(share * 100), 100, "percent");
    return !interrupted();
  };
  Result<QuantizedModel> made = quantize_model(flags.request);
  line.clear();
  if (!made) return std::move(made).error();
  print_report(flags, *made);
  return 0;
}

}  // namespace

void add_model_quantize(CLI::App& model_command, CommandSlot& slot) {
  auto flags = std::make_shared<QuantizeFlags>();
  CLI::App* sub = model_command.add_subcommand(
      "quantize", "Write a model whose linear maps are in 8 bits where that does little harm");
  sub->add_option("model", flags->model, "Name or path of a diffusers folder")->required();
  sub->add_option("-o,--output", flags->request.output, "Folder to make")->required();
  sub->add_option("--bits", flags->bits, "Bits of a weight: 8")->capture_default_str();
  sub->add_flag("--weight-only", flags->request.weight_only,
                "Store weights in 8 bits, but compute in the usual precision: smaller files alone");
  sub->add_option("--calibrate", flags->request.prompts, "Built-in prompts to measure errors on, 1 to 64")
      ->capture_default_str();
  sub->add_option("--error-max", flags->request.error_max,
                  "A map keeps its precision if 8 bits change its results by more than this share")
      ->capture_default_str();
  sub->add_option("--threads", flags->request.threads, "Threads (0: one for every core)");
  sub->add_flag("-q,--quiet", flags->quiet, "No progress");
  sub->add_flag("--json", flags->json, "Print JSON");
  sub->callback([&slot, flags] { slot.run = [flags] { return quantize_one_model(*flags); }; });
}

}  // namespace limner
