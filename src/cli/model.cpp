// limner model: what there is to draw with.

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/printable.h"
#include "engine/engine.h"
#include "engine/lineage.h"
#include "engine/model_library.h"
#include "engine/packed_cache.h"
#include "engine/picture_scorer.h"

namespace limner {
namespace {

Result<int> print_models(bool json) {
  const std::vector<LibraryModel> models = list_models();
  Json array = Json::array();
  for (const LibraryModel& model : models) {
    if (!json) fmt::print("{:<30} {}\n", model.name, model.path.string());
    array.push_back({{"name", model.name}, {"path", model.path.string()}});
  }
  if (json) fmt::print("{}\n", json_text(array));
  return 0;
}

// Reads every byte of the weights.
Result<std::optional<Lineage>> checked_lineage(const std::filesystem::path& path) {
  std::optional<Lineage> lineage = TRY(read_lineage(path));
  if (lineage) check_lineage_weights(*lineage, path, /*remembered_only=*/false);
  return lineage;
}

void print_lineage(const Lineage& lineage) {
  const auto row = [](const char* key, const std::string& value) {
    fmt::print("{:<22} {}\n", key, printable(value));
  };
  if (!lineage.holds.empty()) row("data", lineage.holds);
  for (const LineageSource& source : lineage.sources)
    row("data_source", fmt::format("{} {} ({}, {}): {} {}", source.package, source.version, source.registry,
                                   source.licence, source.attribution, source.source));
  for (const LineageStage& stage : lineage.stages)
    row("trained", fmt::format("{}: {} steps, {} samples, {:.0f} s", stage.name, stage.steps, stage.samples,
                               stage.seconds));
  for (const LineageWeights& weights : lineage.weights)
    row("weights", fmt::format("{} {} {}", weights.file, weights.sha256, lineage_match_name(weights.match)));
}

Result<int> print_shown(Json out, const std::filesystem::path& path, bool json) {
  const std::optional<Lineage> lineage = TRY(checked_lineage(path));
  if (json) {
    if (lineage) out["lineage"] = lineage_json(*lineage);
    fmt::print("{}\n", json_text(out));
    return 0;
  }
  for (const auto& [key, value] : out.items())
    fmt::print("{:<22} {}\n", key, value.is_string() ? value.get<std::string>() : value.dump());
  if (lineage) print_lineage(*lineage);
  return 0;
}

// A scorer draws nothing, but is shown as models are.
Result<int> show_scorer(const std::filesystem::path& path, bool json) {
  const std::unique_ptr<PictureScorer> scorer = TRY(PictureScorer::load(path, 0));
  const ScorerInfo info = scorer->info();
  return print_shown({{"name", path.filename().string()},
                      {"path", path.string()},
                      {"family", "clip"},
                      {"pipeline", "CLIPModel"},
                      {"size", fmt::format("{0}x{0}", info.side)},
                      {"tokens", info.tokens},
                      {"vector", info.width},
                      {"logit_scale", info.logit_scale}},
                     path, json);
}

Result<int> show_model(const std::string& name, bool json) {
  const Result<std::filesystem::path> found = find_model(name);
  if (!found || is_scorer(*found))
    if (const Result<std::filesystem::path> scorer = find_scorer(name, "model"); scorer && is_scorer(*scorer))
      return show_scorer(*scorer, json);
  const std::filesystem::path path = TRY(found);
  const ModelPtr model = TRY(load(path, {}));
  const ModelInfo info = model_info(*model);
  const ModelCard card = TRY(describe(path, {}));
  InputSizes inputs;
  if (info.inpainting || info.edits_by_instruction)
    inputs = {.init_width = info.width, .init_height = info.height, .mask = info.inpainting};
  const DrawingCost cost = TRY(predict_cost(card, {}, inputs));
  Json out = {{"name", info.name},
              {"path", path.string()},
              {"sha256", model_hash(*model)},
              {"family", info.family},
              {"pipeline", info.pipeline},
              {"size", fmt::format("{}x{}", info.width, info.height)},
              {"size_multiple", info.size_multiple},
              {"steps", info.steps},
              {"guidance", info.guidance},
              {"sampler", info.sampler},
              {"schedule", info.schedule},
              {"inpainting", info.inpainting},
              {"edits_by_instruction", info.edits_by_instruction},
              {"backend", info.backend},
              {"dtype", info.dtype},
              {"quantization", info.quantization.empty() ? "none" : info.quantization},
              {"weight_bytes", card.weight_bytes},
              {"working_bytes", cost.memory_bytes}};
  return print_shown(std::move(out), path, json);
}

Result<int> import(const std::string& path, const std::string& name, bool json) {
  const LibraryModel model = TRY(import_model(path, name));
  if (json)
    fmt::print("{}\n", json_text({{"name", model.name}, {"path", model.path.string()}}, kOneLine));
  else
    fmt::print("{}\n", model.path.string());
  return 0;
}

Result<int> pack(const std::string& name, const std::string& dtype, bool json) {
  const ModelPtr model = TRY(load(TRY(find_model(name)), {.dtype = dtype}));
  const KeptWeights kept = TRY(keep_packed(*model));
  if (json)
    fmt::print("{}\n", json_text({{"folder", kept.folder.string()}, {"bytes", kept.bytes}}, kOneLine));
  else
    fmt::print("{} MiB in {}\n", kept.bytes >> 20, kept.folder.string());
  return 0;
}

struct ModelFlags {
  std::string name, path, dtype;
  bool json = false;
};

}  // namespace

void add_model(CLI::App& app, CommandSlot& slot) {
  auto flags = std::make_shared<ModelFlags>();
  CLI::App* command =
      app.add_subcommand("model", "List, show, import, pull, quantize, sign, verify and encrypt models");
  command->require_subcommand(0, 1);
  const auto set = [&slot, flags](CLI::App* sub, Command run) {
    sub->add_flag("--json", flags->json, "Print JSON");
    sub->callback([&slot, run = std::move(run)] { slot.run = run; });
  };
  set(command->add_subcommand("list", "The models in the model folders"),
      [flags] { return print_models(flags->json); });
  CLI::App* shown = command->add_subcommand("show", "What a model is and draws with");
  shown->add_option("name", flags->name, "Name or path")->required();
  set(shown, [flags] { return show_model(flags->name, flags->json); });
  CLI::App* imported =
      command->add_subcommand("import", "Check a model and copy it into the user's model folder");
  imported->add_option("path", flags->path, "Diffusers folder or .safetensors checkpoint")->required();
  imported->add_option("--name", flags->name, "Name to give it (default: its own)");
  set(imported, [flags] { return import(flags->path, flags->name, flags->json); });
  CLI::App* packed = command->add_subcommand(
      "pack", "Keep a model's weights as they are computed with, in the user's cache, for faster starts");
  packed->add_option("name", flags->name, "Name or path")->required();
  packed->add_option("--dtype", flags->dtype, "As generate's (default: bf16 where the processor has it)");
  set(packed, [flags] { return pack(flags->name, flags->dtype, flags->json); });
  add_model_pull(*command, slot);
  add_model_quantize(*command, slot);
  add_model_signing(*command, slot);
  add_model_encryption(*command, slot);
}

}  // namespace limner
