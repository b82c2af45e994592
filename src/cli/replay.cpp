// limner replay: a picture drawn again from its receipt, and whether the pixels are the same.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>

#include "base/crypto.h"
#include "base/files.h"
#include "base/ids.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/data_folder.h"
#include "cli/interrupt.h"
#include "cli/like.h"
#include "cli/noise_flags.h"
#include "cli/picture_inputs.h"
#include "cli/printable.h"
#include "cli/progress_line.h"
#include "cli/serve_config.h"
#include "cli/server_store.h"
#include "cli/watermark_keys.h"
#include "engine/engine.h"
#include "engine/model_library.h"
#include "image/codec.h"
#include "image/file_metadata.h"
#include "jobs/picture_marker.h"

namespace limner {
namespace {

struct ReplayFlags {
  std::string what, model;
  std::filesystem::path data, config, key;
  PictureFlags pictures;
  int threads = 0;
  bool json = false, quiet = false;
};

/// What is known of a picture that is to be drawn again.
struct Receipt {
  std::string name;
  Json metadata;              ///< how it was drawn
  std::string pixels_sha256;  ///< of the pixels as they were drawn
  int width = 0, height = 0;
};

std::string recorded_pixels(const Json& metadata) {
  const auto marks = metadata.is_object() ? metadata.find("marks") : metadata.end();
  return marks == metadata.end() ? std::string() : text_at(*marks, "pixels_sha256");
}

Result<Receipt> receipt_of_file(const std::string& path) {
  const std::string file = TRY(read_file(path, DecodeLimits{}.file_bytes_max));
  const FileMetadata texts = TRY(read_file_metadata(as_bytes(file), "what"));
  if (texts.limner_json.empty())
    return not_found("what", fmt::format("{} has no receipt in it", printable(path)),
                     "limner verify may find its job; limner replay JOB draws that again");
  Receipt receipt{path, TRY(parse_json(texts.limner_json, "what", {.bytes_max = 1u << 20})), {}, 0, 0};
  const Picture picture = TRY(decode_picture(as_bytes(file), "what"));
  receipt.width = picture.width;
  receipt.height = picture.height;
  receipt.pixels_sha256 = recorded_pixels(receipt.metadata);
  if (!receipt.pixels_sha256.empty()) return receipt;
  if (TRY(sniff_format(as_bytes(file), "what")) != Format::png)
    return unsupported("what", "does not say which pixels it was made of, and its format has changed them",
                       "a PNG, or any picture that a server drew, can be compared");
  receipt.pixels_sha256 = pixels_sha256(picture);
  return receipt;
}

Result<std::vector<Receipt>> receipts_of_ledger(const ReplayFlags& flags) {
  const SystemClock clock;
  const OpenedLedger opened = TRY(open_server_ledger(flags.config, flags.data, clock));
  const std::unique_ptr<Ledger>& ledger = opened.ledger;
  std::vector<PictureRow> rows;
  if (is_id(flags.what, "pic")) {
    PictureRow row = TRY(ledger->pictures().find(flags.what));
    rows.push_back(std::move(row));
  } else {
    TRY(ledger->jobs().find(flags.what));
    rows = TRY(ledger->pictures().of_job(flags.what));
  }
  if (rows.empty()) return not_found("what", fmt::format("{} has no pictures", flags.what));
  std::vector<Receipt> receipts;
  for (const PictureRow& row : rows) {
    if (!row.unreadable.empty())
      return Error{Code::data_loss, "what", fmt::format("the receipt of {}: {}", row.id, row.unreadable), {}};
    receipts.push_back({row.id, row.metadata, recorded_pixels(row.metadata), row.width, row.height});
    if (receipts.back().pixels_sha256.empty())
      return unsupported("what", fmt::format("{} was drawn without a receipt of its pixels", row.id),
                         "servers write one unless [provenance] is switched off");
  }
  return receipts;
}

Result<std::vector<Receipt>> receipts_of(const ReplayFlags& flags) {
  if (is_id(flags.what, "job") || is_id(flags.what, "pic")) return receipts_of_ledger(flags);
  std::vector<Receipt> one;
  one.push_back(TRY(receipt_of_file(flags.what)));
  return one;
}

// What a receipt names and does not hold.
Result<void> check_complete(const Receipt& receipt, const ReplayFlags& flags) {
  const Json& metadata = receipt.metadata;
  if (metadata.contains("extras"))
    return unsupported("what", "was drawn with LoRAs or other extra files, which replay does not load",
                       "limner generate --like FILE draws it, if they are given again (--lora, --embedding)");
  if (text_at(metadata, "task") != "text-to-image" && flags.pictures.init.empty())
    return invalid("init", "it was drawn over a picture", "give that with --init, and its mask with --mask");
  if (metadata.contains("controls") && flags.pictures.control_images.empty())
    return invalid("control_image", "it was drawn with ControlNets",
                   "give them and their pictures with --controlnet and --control-image");
  return {};
}

class Replay {
 public:
  explicit Replay(const ReplayFlags& flags) : flags_(flags), line_(flags.quiet) {}

  Result<int> run() {
    const std::vector<Receipt> receipts = TRY(receipts_of(flags_));
    for (const Receipt& receipt : receipts) TRY(check_complete(receipt, flags_));
    const DrawingInputs inputs = TRY(read_picture_inputs(flags_.pictures));
    for (const Receipt& receipt : receipts) TRY(replay(receipt, inputs));
    if (flags_.json) fmt::print("{}\n", json_text({{"same", same_}, {"pictures", pictures_}}));
    return same_ ? 0 : 1;
  }

 private:
  Result<void> replay(const Receipt& receipt, const DrawingInputs& inputs) {
    const Recipe recipe = TRY(recipe_from_json(receipt.metadata, "what"));
    if (!model_) TRY(load_model(recipe));
    std::optional<NoiseWatermark> noise;
    if (recipe.noise) noise = TRY(recorded_watermark(*recipe.noise, TRY(keys())));
    const DrawingPtr drawing = TRY(open(*model_, recipe.params, inputs, noise ? &*noise : nullptr));
    Drawing* const one[] = {drawing.get()};
    while (!drawn(*drawing)) {
      if (interrupted()) return Error{Code::cancelled, "", "interrupted", ""};
      TRY(step(one));
      const Progress now = progress(*drawing);
      line_.update(now.step, now.steps, "step");
    }
    const Picture picture = TRY(finish(*drawing));
    line_.clear();
    report(receipt, picture, TRY(parse_json(file_texts(*drawing).json, "texts")));
    return {};
  }

  Result<std::vector<WatermarkKey>> keys() const {
    const ServeConfig config =
        TRY(read_serve_config({.config = flags_.config, .data = flags_.data, .listen = {}}));
    return watermark_keys(flags_.key, config.marking);
  }

  Result<void> load_model(const Recipe& recipe) {
    const std::string name = flags_.model.empty() ? recipe.model : flags_.model;
    if (name.empty()) return invalid("model", "the receipt names none", "--model NAME");
    LoadOptions options;
    options.dtype = recipe.dtype;
    options.threads = flags_.threads;
    for (const std::string& net : flags_.pictures.controlnets) options.controlnets.emplace_back(net);
    line_.stage("loading " + printable(name));
    model_ = TRY(load(TRY(find_model(name)), options));
    line_.stage("drawing");
    return {};
  }

  void report(const Receipt& receipt, const Picture& picture, const Json& now) {
    const std::string redrawn = pixels_sha256(picture);
    const bool same = redrawn == receipt.pixels_sha256;
    Json changed = Json::object();
    for (const char* key : {"limner", "build", "backend", "dtype"})
      note_change(changed, key, text_at(receipt.metadata, key), text_at(now, key));
    const Json none = Json::object();
    note_change(changed, "model_sha256", text_at(receipt.metadata.value("model", none), "sha256"),
                text_at(now.value("model", none), "sha256"));
    if (picture.width != receipt.width || picture.height != receipt.height)
      note_change(changed, "size", fmt::format("{}x{}", receipt.width, receipt.height),
                  fmt::format("{}x{}", picture.width, picture.height));
    same_ = same_ && same;
    pictures_.push_back({{"picture", receipt.name},
                         {"same", same},
                         {"pixels_sha256", {{"recorded", receipt.pixels_sha256}, {"redrawn", redrawn}}},
                         {"changed", changed}});
    if (flags_.json) return;
    std::string why;
    if (!same)
      for (const auto& [key, values] : changed.items())
        why += fmt::format("; {} was {}, is {}", key, text_at(values, "then"), text_at(values, "now"));
    fmt::print("{}: {}{}\n", printable(receipt.name), same ? "the same pixels" : "other pixels",
               printable(why));
  }

  static void note_change(Json& changed, const char* key, const std::string& then, const std::string& now) {
    if (then != now) changed[key] = {{"then", then}, {"now", now}};
  }

  const ReplayFlags& flags_;
  ProgressLine line_;
  ModelPtr model_;
  bool same_ = true;
  Json pictures_ = Json::array();
};

}  // namespace

void add_replay(CLI::App& app, CommandSlot& slot) {
  auto flags = std::make_shared<ReplayFlags>();
  CLI::App* command =
      app.add_subcommand("replay", "Draw a picture again from its receipt and compare the pixels");
  command->add_option("what", flags->what, "Picture file, or a job or picture of a server's ledger")
      ->required();
  add_data_option(*command, flags->data);
  command->add_option("--config", flags->config,
                      "Configuration file of the server, where its ledger is encrypted");
  command->add_option("-m,--model", flags->model, "Model, where it has another name here");
  command->add_option("--threads", flags->threads, "Threads (default: every core)")
      ->check(CLI::Range(0, 1024));
  command->add_flag("--json", flags->json, "Print JSON");
  command->add_flag("-q,--quiet", flags->quiet, "Say nothing on standard error but errors");
  command->add_option(
      "--key", flags->key,
      "File of the key of a watermark in the noise (default: the server's, and that of `limner mark`)");
  add_picture_flags(*command, flags->pictures);
  command->callback([flags, &slot] { slot.run = [flags] { return Replay(*flags).run(); }; });
}

}  // namespace limner
