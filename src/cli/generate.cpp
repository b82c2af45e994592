// limner generate: a brief in, pictures out.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <optional>
#include <random>

#include "base/files.h"
#include "base/json.h"
#include "base/memory.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/like.h"
#include "cli/noise_flags.h"
#include "cli/output.h"
#include "cli/param_flags.h"
#include "cli/picture_inputs.h"
#include "cli/printable.h"
#include "cli/progress_line.h"
#include "cli/signing.h"
#include "engine/engine.h"
#include "engine/model_library.h"
#include "image/codec.h"
#include "policy/gate.h"

namespace limner {
namespace {

using SteadyClock = std::chrono::steady_clock;

double ms_since(SteadyClock::time_point start) {
  return std::chrono::duration<double, std::milli>(SteadyClock::now() - start).count();
}

struct GenerateFlags {
  std::optional<std::string> prompt;  ///< an empty one is a prompt too
  std::string model, dtype, vae, size, like, preview, to_prompt;
  std::optional<std::string> policy;  ///< an empty one is a mistake, and not the wish for none
  std::string to_seed;
  int count = 1, threads = 0, frames = 0, preview_every = 5;
  std::vector<std::string> loras, embeddings;
  bool json = false, quiet = false, exact = false;
  GivenParams given;
  PictureFlags pictures;
  OutputFlags output;
  SigningFlags signing;
  NoiseFlags noise;
};

// FILE or FILE:WEIGHT; a colon inside a path is not a weight.
NamedWeight parse_lora(const std::string& text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon + 1 == text.size()) return {text, 1};
  char* end = nullptr;
  const std::string tail = text.substr(colon + 1);
  const double weight = std::strtod(tail.c_str(), &end);
  return *end == '\0' ? NamedWeight{text.substr(0, colon), weight} : NamedWeight{text, 1};
}

/// One picture of the run.
struct Wanted {
  DrawingParams params;
  std::optional<NoiseWatermark> noise;
  std::filesystem::path path;
};

class Generate {
 public:
  explicit Generate(const GenerateFlags& flags) : flags_(flags), line_(flags.quiet) {}

  Result<int> run() {
    DrawingParams params = TRY(collect_params());
    const std::vector<DrawingParams> all = TRY(each_picture(params));
    const OutputPlan plan = TRY(plan_output(flags_.output, *params.seed, static_cast<int>(all.size())));
    TRY(plan_preview());
    TRY(ask_policy(all.front()));
    const DrawingInputs inputs = TRY(read_picture_inputs(flags_.pictures));
    TRY(ask_policy(inputs));
    TRY(plan_signing(plan.format));
    TRY(plan_noise());
    TRY(load_model());
    for (size_t i = 0; i < all.size(); i += kTogether) {
      std::vector<Wanted> wanted;
      for (size_t k = i; k < std::min(all.size(), i + kTogether); ++k)
        wanted.push_back({all[k], noise_.of(*all[k].seed), plan.paths[k]});
      TRY(draw(wanted, inputs, plan.format));
    }
    line_.clear();
    if (flags_.json) print_json();
    return 0;
  }

 private:
  // Pictures drawn side by side: enough for full batches, few enough for memory.
  static constexpr size_t kTogether = 4;

  Result<void> plan_preview() {
    if (flags_.preview.empty()) return {};
    preview_format_ = TRY(format_from_extension(flags_.preview, "preview"));
    return check_writable(flags_.preview);
  }

  Result<void> plan_signing(Format format) {
    TRY(signing_.prepare(flags_.signing, format));
    if (!signing_.warning().empty()) line_.note(signing_.warning());
    if (!flags_.pictures.init.empty()) parent_ = TRY(read_parent(flags_.pictures.init));
    return {};
  }

  Result<void> plan_noise() {
    TRY(noise_.prepare(flags_.noise, recipe_noise_));
    if (!noise_.warning().empty()) line_.note("like: " + noise_.warning());
    return {};
  }

  // A watermark that only --like knows of is left out where it cannot be carried.
  Result<DrawingPtr> open_one(const Wanted& one, const DrawingInputs& inputs) {
    if (!one.noise) return open(*model_, one.params, inputs);
    Result<DrawingPtr> drawing = open(*model_, one.params, inputs, &*one.noise);
    if (drawing || noise_.asked() || drawing.error().field != kNoiseSignsField) return drawing;
    note_once("like: " + drawing.error().text());
    return open(*model_, one.params, inputs);
  }

  Result<DrawingParams> collect_params() {
    DrawingParams params;
    if (!flags_.like.empty()) {
      Recipe recipe = TRY(read_recipe(flags_.like, "like"));
      params = std::move(recipe.params);
      model_name_ = recipe.model;
      recipe_dtype_ = recipe.dtype;
      recipe_sha256_ = recipe.model_sha256;
      recipe_noise_ = recipe.noise;
      for (const std::string& warning : recipe.warnings) line_.note("like: " + warning);
    } else if (!flags_.prompt) {
      return invalid("prompt", "is missing", "limner generate \"a red apple\"");
    }
    if (flags_.prompt) params.prompt = *flags_.prompt;
    GivenParams given = flags_.given;
    if (!flags_.size.empty()) TRY(split_size(given));
    TRY(apply_params(given, params));
    TRY(check_params(params));
    if (!params.seed) params.seed = std::random_device()();
    return params;
  }

  // Frames differ in how far they lead, not in their prompts: the first speaks for all.
  Result<void> ask_policy(const DrawingParams& params) {
    if (!flags_.policy) return {};
    policy_ = TRY(read_policy(*flags_.policy));
    if (!policy_->picture_checks.empty() && !flags_.preview.empty())
      return invalid("preview", "shows pictures before the policy has checked them");
    const EncodedPrompts prompts = encoded_prompts(params, TRY(planned_steps(params)));
    return may_pass(check_prompts(*policy_, prompts, SystemClock()), "prompt");
  }

  Result<void> ask_policy(const DrawingInputs& inputs) {
    TRY(ask_policy(inputs.init, "init"));
    for (const DrawingInputs::Control& control : inputs.controls)
      TRY(ask_policy(control.picture, "control_image"));
    return {};
  }

  Result<void> ask_policy(const Picture& picture, const char* field) {
    if (!policy_ || picture.empty()) return {};
    return may_pass(check_picture(*policy_, picture, SystemClock()), field);
  }

  // The steps of a prompt that changes with them are its model's where nobody says.
  Result<int> planned_steps(const DrawingParams& params) {
    if (params.steps) return *params.steps;
    if (params.prompt_syntax == "plain") return kStepsUnknown;
    return TRY(describe(TRY(find_model(chosen_model())), load_options())).info.steps;
  }

  // Nobody reviews what a command line draws: what is held is not drawn either.
  static Result<void> may_pass(const Verdict& verdict, const char* field) {
    if (verdict.outcome == Outcome::pass) return {};
    std::string reasons;
    for (const std::string& reason : verdict.reasons()) reasons += (reasons.empty() ? "" : "; ") + reason;
    return Error{Code::refused, field, fmt::format("{} (policy {})", reasons, verdict.policy), ""};
  }

  Result<void> split_size(GivenParams& given) {
    if (given.contains("width") || given.contains("height"))
      return invalid("size", "says width and height at once; leave --width and --height away");
    const size_t x = flags_.size.find('x');
    if (x == std::string::npos)
      return invalid("size", fmt::format("\"{}\" is not WIDTHxHEIGHT", flags_.size.substr(0, 80)));
    given["width"] = flags_.size.substr(0, x);
    given["height"] = flags_.size.substr(x + 1);
    return {};
  }

  Result<std::vector<DrawingParams>> each_picture(const DrawingParams& params) {
    if (flags_.count < 1 || flags_.count > 1000)
      return invalid("n", fmt::format("{} is not within 1 to 1000", flags_.count));
    std::vector<DrawingParams> all;
    if (flags_.frames != 0) return frames(params);
    if (!flags_.to_prompt.empty() || !flags_.to_seed.empty())
      return invalid(flags_.to_prompt.empty() ? "to_seed" : "to_prompt", "says where frames lead to",
                     "give --frames N");
    for (int i = 0; i < flags_.count; ++i) {
      all.push_back(params);
      all.back().seed = *params.seed + static_cast<uint64_t>(i);
    }
    return all;
  }

  Result<std::vector<DrawingParams>> frames(DrawingParams params) {
    if (flags_.frames < 2 || flags_.frames > 1000)
      return invalid("frames", fmt::format("{} is not within 2 to 1000", flags_.frames));
    if (flags_.count != 1) return invalid("n", "goes with single pictures, not with --frames");
    if (!flags_.to_prompt.empty()) params.blend_prompt = flags_.to_prompt;
    if (!flags_.to_seed.empty()) TRY(set_param(params, *find_param("blend_seed"), flags_.to_seed));
    if (!params.blend_prompt && !params.blend_seed)
      return invalid("frames", "needs --to-prompt or --to-seed");
    std::vector<DrawingParams> all;
    for (int i = 0; i < flags_.frames; ++i) {
      all.push_back(params);
      all.back().blend = static_cast<double>(i) / (flags_.frames - 1);
    }
    return all;
  }

  Result<void> load_model() {
    const SteadyClock::time_point started = SteadyClock::now();
    const std::string name = chosen_model();
    line_.stage("loading " + name);
    const std::filesystem::path path = TRY(find_model(name));
    if (flags_.json) card_ = TRY(describe(path, load_options()));
    model_ = TRY(load(path, load_options()));
    for (const std::string& warning : model_info(*model_).warnings) line_.note(warning);
    if (!recipe_sha256_.empty() && recipe_sha256_ != model_hash(*model_))
      line_.note("like: this model's weights differ from those the picture was drawn with");
    load_ms_ = ms_since(started);
    return {};
  }

  std::string chosen_model() const {
    return !flags_.model.empty() ? flags_.model : !model_name_.empty() ? model_name_ : kDefaultModel;
  }

  // What a picture's file says gives way: --exact without --dtype is f32.
  std::string exact_dtype() const {
    if (flags_.dtype.empty()) return "f32";
    return flags_.dtype == "bf16" ? "bf16-direct" : flags_.dtype;
  }

  LoadOptions load_options() const {
    LoadOptions options;
    options.dtype = flags_.dtype.empty() ? recipe_dtype_ : flags_.dtype;
    if (flags_.exact) options.dtype = exact_dtype();
    options.threads = flags_.threads;
    options.vae = flags_.vae;
    for (const std::string& lora : flags_.loras) options.loras.push_back(parse_lora(lora));
    for (const std::string& embedding : flags_.embeddings) options.embeddings.emplace_back(embedding);
    for (const std::string& net : flags_.pictures.controlnets) options.controlnets.emplace_back(net);
    return options;
  }

  Result<void> draw(const std::vector<Wanted>& wanted, const DrawingInputs& inputs, Format format) {
    std::vector<DrawingPtr> drawings;
    std::vector<Drawing*> unfinished;
    line_.stage("preparing");
    for (const Wanted& one : wanted) {
      drawings.push_back(TRY(open_one(one, inputs)));
      unfinished.push_back(drawings.back().get());
      if (flags_.json) TRY(plan(*drawings.back(), inputs, static_cast<int>(wanted.size())));
      for (const std::string& warning : warnings(*drawings.back())) note_once(warning);
    }
    line_.stage("drawing");
    while (!unfinished.empty()) {
      if (interrupted()) return Error{Code::cancelled, "", "interrupted", ""};
      TRY(step(unfinished));
      const Progress now = progress(*unfinished.front());
      line_.update(now.step, now.steps, "step");
      TRY(show_preview(*unfinished.front(), now));
      std::erase_if(unfinished, [](Drawing* drawing) { return drawn(*drawing); });
    }
    line_.stage("decoding");
    for (size_t i = 0; i < wanted.size(); ++i) TRY(deliver(*drawings[i], wanted[i], format));
    return {};
  }

  // Of all pictures drawn at once, as if each were the one that needs most.
  Result<void> plan(const Drawing& drawing, const DrawingInputs& inputs, int pictures) {
    const InputSizes sizes{.init_width = inputs.init.width,
                           .init_height = inputs.init.height,
                           .mask = !inputs.mask.empty(),
                           .controls = static_cast<int>(inputs.controls.size())};
    const DrawingCost cost = TRY(predict_cost(card_, used_params(drawing), sizes, pictures));
    planned_working_bytes_ = std::max(planned_working_bytes_, cost.memory_bytes);
    return {};
  }

  Result<void> show_preview(Drawing& drawing, const Progress& now) {
    if (flags_.preview.empty() || now.step == previewed_ || now.step % flags_.preview_every != 0) return {};
    previewed_ = now.step;
    const Picture picture = TRY(preview(drawing));
    if (picture.empty()) return {};
    const std::vector<std::byte> bytes =
        TRY(encode_picture(picture, {.format = preview_format_, .quality = 80}));
    return write_file_atomically(flags_.preview, bytes);
  }

  Result<void> deliver(Drawing& drawing, const Wanted& wanted, Format format) {
    const Picture picture = TRY(finish(drawing));
    if (interrupted()) return Error{Code::cancelled, "", "interrupted", ""};
    TRY(ask_policy(picture, "picture"));
    const SteadyClock::time_point started = SteadyClock::now();
    PictureOrigin origin;
    origin.parent = parent_;
    if (!flags_.output.bare) {
      origin.model = printable(model_info(*model_).name);
      origin.model_sha256 = model_hash(*model_);
    }
    TRY(write_picture(picture, file_texts(drawing), flags_.output, format, wanted.path, signing_,
                      std::move(origin)));
    write_ms_ += ms_since(started);
    if (!signing_.lacks().empty()) note_once(signing_.lacks());
    const StageTimes times = stage_times(drawing);
    times_.text_ms += times.text_ms;
    times_.encode_ms += times.encode_ms;
    times_.compile_ms += times.compile_ms;
    times_.decode_ms += times.decode_ms;
    times_.steps_ms = std::max(times_.steps_ms, times.steps_ms);
    if (!flags_.json) {
      line_.clear();
      fmt::print("{}\n", wanted.path.string());
      std::fflush(stdout);
    }
    std::vector<std::string> picture_warnings = warnings(drawing);
    if (!signing_.lacks().empty()) picture_warnings.push_back(signing_.lacks());
    Json report = {{"path", wanted.path.string()},
                   {"seed", *used_params(drawing).seed},
                   {"width", picture.width},
                   {"height", picture.height},
                   {"parameters", params_to_json(used_params(drawing))},
                   {"warnings", std::move(picture_warnings)}};
    if (wanted.noise && !noise_signs(drawing).is_null())
      report["noise_watermark"] = carried_noise(*wanted.noise, drawing).json();
    pictures_.push_back(std::move(report));
    return {};
  }

  void note_once(const std::string& warning) {
    if (warning == last_warning_) return;
    last_warning_ = warning;
    line_.note(warning);
  }

  void print_json() {
    const ModelInfo info = model_info(*model_);
    Json json;
    json["pictures"] = pictures_;
    json["model"] = {{"name", info.name},
                     {"family", info.family},
                     {"sha256", model_hash(*model_)},
                     {"backend", info.backend},
                     {"dtype", info.dtype}};
    json["warnings"] = info.warnings;
    if (!signing_.warning().empty()) json["warnings"].push_back(signing_.warning());
    json["times_ms"] = {{"load", load_ms_},         {"compile", times_.compile_ms},
                        {"text", times_.text_ms},   {"encode", times_.encode_ms},
                        {"steps", times_.steps_ms}, {"decode", times_.decode_ms},
                        {"write", write_ms_}};
    json["memory_plan"] = {{"weight_bytes", card_.weight_bytes}, {"working_bytes", planned_working_bytes_}};
    json["weight_bytes"] = weight_bytes(*model_);
    json["peak_memory_bytes"] = peak_memory_bytes();
    fmt::print("{}\n", json_text(json));
  }

  const GenerateFlags& flags_;
  ProgressLine line_;
  ModelPtr model_;
  std::optional<Policy> policy_;
  NoiseMarking noise_;
  std::optional<RecordedNoise> recipe_noise_;
  std::string model_name_, recipe_dtype_, recipe_sha256_, last_warning_;
  double load_ms_ = 0, write_ms_ = 0;
  ModelCard card_;                    // where the plan is asked for
  size_t planned_working_bytes_ = 0;  // of the pictures that are drawn at once
  StageTimes times_;
  PictureSigning signing_;
  std::optional<ParentPicture> parent_;
  Format preview_format_ = Format::png;
  int previewed_ = 0;
  Json pictures_ = Json::array();
};

}  // namespace

void add_generate(CLI::App& app, CommandSlot& slot) {
  auto flags = std::make_shared<GenerateFlags>();
  CLI::App* command = app.add_subcommand("generate", "Draw pictures from a prompt");
  command->add_option_function<std::string>(
      "prompt", [flags](const std::string& text) { flags->prompt = text; }, "What to draw");
  command->add_option("-m,--model", flags->model,
                      "Model: a name from `limner model list`, or a path (default limner-tiny)");
  command->add_option("--dtype", flags->dtype,
                      "Compute in f32, bf16 or bf16-direct (default: bf16 where the processor has it)");
  command->add_flag("--exact", flags->exact,
                    "Use no method that is faster and less exact: f32, or bf16-direct with --dtype bf16");
  command->add_option("--threads", flags->threads, "Threads (default: every core)")
      ->check(CLI::Range(0, 1024));
  command->add_option("--vae", flags->vae, "Another autoencoder: its folder");
  command->add_option("--lora", flags->loras, "LoRA FILE or FILE:WEIGHT; may be given several times")
      ->allow_extra_args(false);
  command->add_option("--embedding", flags->embeddings, "Textual-inversion file; may be given several times")
      ->allow_extra_args(false);
  command->add_option("--size", flags->size, "WIDTHxHEIGHT in pixels");
  command->add_option("-n,--count", flags->count, "How many pictures; picture i has seed + i");
  command->add_option("--like", flags->like, "Draw what this picture's file says; other flags override");
  command->add_option("--frames", flags->frames,
                      "Draw this many frames that lead from the prompt and seed to others");
  command->add_option("--to-prompt", flags->to_prompt, "Where the frames lead to");
  command->add_option("--to-seed", flags->to_seed, "The seed the frames lead to");
  command->add_option("-o,--output", flags->output.path, "File to write (default limner-SEED.png)");
  command->add_option("--format", flags->output.format,
                      "png, jpeg, webp or avif (default: the file's ending)");
  command->add_option("--quality", flags->output.quality, "1 to 100, for the lossy formats (90)");
  command->add_option_function<std::string>(
      "--policy", [flags](const std::string& path) { flags->policy = path; },
      "Policy file; what it refuses or holds is not drawn");
  command->add_flag("--bare", flags->output.bare, "Write no parameters into the file");
  CLI::Option* preview =
      command->add_option("--preview", flags->preview, "File to rewrite with a preview while drawing");
  command->add_option("--preview-every", flags->preview_every, "Steps between previews (5)")
      ->check(CLI::Range(1, 1000))
      ->needs(preview);
  command->add_flag("--json", flags->json, "Print a JSON report instead of paths");
  command->add_flag("-q,--quiet", flags->quiet, "Say nothing on standard error but errors");
  add_signing_flags(*command, flags->signing);
  add_noise_flags(*command, flags->noise);
  add_param_flags(*command, flags->given);
  add_picture_flags(*command, flags->pictures);
  command->callback([flags, &slot] { slot.run = [flags] { return Generate(*flags).run(); }; });
}

}  // namespace limner
