#include "engine/model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/files.h"
#include "engine/conditioning_cache.h"
#include "engine/packed_place.h"
#include "engine/unet_batch.h"
#include "engine/weights_digest.h"
#include "families/extra_parts.h"
#include "families/single_file.h"
#include "families/textual_inversion.h"
#include "nets/ldm_names.h"
#include "nets/lora.h"
#include "tensor/component_files.h"
#include "tensor/safetensors.h"
#include "tensor/weight_adapters.h"

namespace limner {
namespace {

namespace fs = std::filesystem;

// People draw with weights of 2 at most; far beyond, numbers overflow.
constexpr double kLoraWeightMax = 100;

// Sizes, numbers of rows and lengths of texts that people really ask for at one time are fewer.
constexpr size_t kBatchesMax = 24, kBatchBytesMax = size_t{256} << 20;

LoraTarget lora_target(std::string_view component) {
  if (component == "text_encoder") return LoraTarget::text_encoder;
  if (component == "text_encoder_2") return LoraTarget::text_encoder_2;
  return LoraTarget::unet;
}

Result<std::shared_ptr<const ClipTokenizer>> open_tokenizer(const ModelFiles& files, const TextUse& use) {
  const Component* part = files.find(use.tokenizer);
  if (part && !part->directory.empty())
    return std::make_shared<const ClipTokenizer>(TRY(ClipTokenizer::open(part->directory)));
  // A single file brings no vocabulary: all of its kind use the standard one.
  const fs::path standard = TRY(find_standard_tokenizer());
  ClipTokenizer tokenizer = TRY(ClipTokenizer::from_merges(TRY(read_file(standard, 8u << 20))));
  // OpenCLIP's towers (SD 2.x, SDXL's second) were trained with "!" (id 0) as padding.
  const bool open_clip = use.tokenizer == "tokenizer_2" || recognise_family(files).value()->name == "sd2";
  if (open_clip) tokenizer.set_pad(0);
  return std::make_shared<const ClipTokenizer>(std::move(tokenizer));
}

Result<void> check_window(const ClipTextConfig& config, const std::string& field) {
  if (config.tokens_max >= 3) return {};
  return invalid(field, fmt::format("max_position_embeddings {} leaves no place for a word; 3 or more do",
                                    config.tokens_max));
}

bool config_flag(const Json& config, const char* key, bool otherwise) {
  const auto found = config.find(key);
  return found != config.end() && found->is_boolean() ? found->get<bool>() : otherwise;
}

std::optional<double> recommended(const ModelFiles& files, const char* key) {
  const auto defaults = files.limner.find("defaults");
  if (defaults == files.limner.end() || !defaults->is_object()) return std::nullopt;
  const auto found = defaults->find(key);
  if (found == defaults->end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

// What limner.json may recommend, so that a mistyped key is heard of and a value is one a drawing could take.
Result<void> check_recommendations(const ModelFiles& files) {
  for (const auto& [key, value] : files.limner.items())
    if (key != "defaults" || !value.is_object())
      return invalid("limner.json",
                     fmt::format("\"{}\": only an object \"defaults\" is allowed", key.substr(0, 80)));
  const auto defaults = files.limner.find("defaults");
  if (defaults == files.limner.end()) return {};
  constexpr std::array<std::string_view, 4> kAllowed = {"steps", "guidance", "width", "height"};
  for (const auto& [key, value] : defaults->items())
    if (std::find(kAllowed.begin(), kAllowed.end(), key) == kAllowed.end())
      return invalid("limner.json: defaults",
                     fmt::format("\"{}\" is not one of: steps, guidance, width, height", key));
    else if (!value.is_number())
      return invalid("limner.json: defaults",
                     fmt::format("{}: {} is not a number", key, value.dump().substr(0, 80)));
  if (Result<DrawingParams> params = params_from_json(*defaults, "limner.json: defaults"); !params)
    return std::move(params).error();
  return {};
}

}  // namespace

Result<Precision> choose_precision(const Backend& backend, const std::string& dtype) {
  if (dtype.empty()) return backend.supports(Precision::bf16) ? Precision::bf16 : Precision::f32;
  for (const Precision precision : kPrecisions)
    if (precision_name(precision) == dtype) {
      if (!backend.supports(precision))
        return unsupported("dtype", fmt::format("this processor does not compute {}", dtype),
                           "use --dtype f32");
      return precision;
    }
  return invalid("dtype", fmt::format("\"{}\" is not one of: f32, bf16, bf16-direct", dtype.substr(0, 40)));
}

ClipTextShape encoder_shape(const TextEncoder& encoder, int clip_skip) {
  ClipTextShape shape;
  shape.batch = 1;
  shape.tokens = encoder.config.tokens_max;
  shape.hidden_from_end = encoder.use.hidden_from_end + clip_skip - 1;
  shape.final_norm = encoder.use.final_norm;
  shape.pooled = encoder.use.pooled;
  return shape;
}

Model::Model()
    : conditionings_(std::make_unique<ConditioningCache>()), batches_(kBatchesMax, kBatchBytesMax) {}
Model::~Model() = default;

size_t Model::batches() const { return batches_.size(); }

Result<UnetBatch*> Model::batch(const BatchShape& shape) {
  if (const std::unique_ptr<UnetBatch>* known = batches_.find(shape)) {
    TRY(workspace().reserve((*known)->workspace_bytes()));
    return known->get();
  }
  std::unique_ptr<UnetBatch> made = TRY(UnetBatch::make(*this, shape));
  UnetBatch* const batch = made.get();
  // It may have been the largest that the workspace has grown for. Who runs reserves what it needs.
  if (batches_.keep(shape, std::move(made), batch->held_bytes()) > 0) workspace().release();
  TRY(workspace().reserve(batch->workspace_bytes()));
  return batch;
}

Result<std::unique_ptr<Model>> Model::load(const fs::path& path, const LoadOptions& options) {
  std::unique_ptr<Model> model = TRY(open(path, options));
  model->weights_are_files_ = options.loras.empty() && options.embeddings.empty() && options.vae.empty();
  model->attach_packed();
  model->start_hashing(options);
  return model;
}

Result<std::unique_ptr<Model>> Model::open(const fs::path& path, const LoadOptions& options) {
  std::unique_ptr<Model> model(new Model);
  model->backend_ = options.reference_backend ? make_ref_backend() : make_cpu_backend(options.threads);
  model->workspace_ = model->backend_->make_workspace();
  model->precision_ =
      TRY(choose_precision(*model->backend_, options.reference_backend ? "f32" : options.dtype));
  model->files_ = TRY(open_model_files(path));
  TRY(check_recommendations(model->files_));
  model->family_ = TRY(recognise_family(model->files_));
  const Component& scheduler = *model->files_.find("scheduler");
  model->training_ = TRY(read_training_schedule(scheduler.config, scheduler.config_field));
  const Component& unet = *model->files_.find("unet");
  model->unet_config_ = TRY(read_unet_config(unet.config, unet.config_field));
  model->quantization_ = TRY(read_quantization(unet.config, unet.config_field, *unet.weights));
  TRY(model->apply_loras(options));
  TRY(model->load_text(options));
  TRY(model->load_vae(options));
  TRY(model->load_controlnets(options));
  TRY(model->check_parts_agree());
  model->unet_network_ = Network(*model->backend_, model->files_.find("unet")->weights, model->precision_);
  return model;
}

Result<void> Model::apply_loras(const LoadOptions& options) {
  if (options.loras.empty()) return {};
  std::vector<LoraUse> uses;
  for (const NamedWeight& lora : options.loras) {
    if (!(std::abs(lora.weight) <= kLoraWeightMax))
      return invalid("lora", fmt::format("weight {} is not within -{} to {}", lora.weight, kLoraWeightMax,
                                         kLoraWeightMax));
    uses.push_back({TRY(open_lora(lora.name)), static_cast<float>(lora.weight)});
    lora_names_.emplace_back(fs::path(lora.name).stem().string(), lora.weight);
  }
  std::vector<LoraBase> bases;
  for (const char* name : {"unet", "text_encoder", "text_encoder_2"})
    if (const Component* part = files_.find(name)) bases.push_back({lora_target(name), part->weights});
  for (const LoraUse& use : uses) {
    const LoraMatch match = TRY(match_lora(*use.file, bases));
    const std::string name = use.file->name();
    if (match.matched == 0)
      return invalid(
          "lora",
          fmt::format("none of the {} keys of {} belongs to this model", match.unmatched.size(), name),
          "is it made for another family?");
    if (!match.unmatched.empty())
      warnings_.push_back(fmt::format("lora {}: {} keys match nothing in this model: {}", name,
                                      match.unmatched.size(), fmt::join(match.unmatched, ", ")));
  }
  for (const LoraBase& base : bases)
    for (const char* name : {"unet", "text_encoder", "text_encoder_2"})
      if (files_.find(name) && lora_target(name) == base.target)
        files_.components[name].weights = with_loras(base.weights, base.target, uses);
  return {};
}

Result<void> Model::load_text(const LoadOptions& options) {
  std::vector<TextualInversion> embeddings;
  for (const fs::path& path : options.embeddings) embeddings.push_back(TRY(read_textual_inversion(path)));
  for (const TextUse& use : family_->text) {
    const Component& part = *files_.find(use.encoder);
    TextEncoder encoder;
    encoder.use = use;
    encoder.config = TRY(read_clip_text_config(part.config, part.config_field));
    TRY(check_window(encoder.config, part.config_field));
    encoder.tokenizer = TRY(open_tokenizer(files_, use));
    std::shared_ptr<const WeightSource> weights = part.weights;
    if (!embeddings.empty()) TRY(add_embeddings(embeddings, encoder, weights));
    if (encoder.tokenizer->vocab_size() > encoder.config.vocabulary)
      return invalid(part.config_field,
                     fmt::format("vocab_size {} is smaller than the tokenizer's {}",
                                 encoder.config.vocabulary, encoder.tokenizer->vocab_size()));
    encoder.network = Network(*backend_, std::move(weights), precision_);
    text_encoders_.push_back(std::move(encoder));
  }
  return {};
}

Result<void> Model::add_embeddings(const std::vector<TextualInversion>& embeddings, TextEncoder& encoder,
                                   std::shared_ptr<const WeightSource>& weights) {
  const size_t index = text_encoders_.size();
  ClipTokenizer tokenizer = *encoder.tokenizer;
  std::vector<float> rows;
  for (const TextualInversion& embedding : embeddings) {
    const TextualInversion::Vectors* vectors = embedding.for_width(encoder.config.width, index);
    if (!vectors)
      return invalid("embedding", fmt::format("{} has no vectors of width {}, which {} needs",
                                              embedding.token, encoder.config.width, encoder.use.encoder));
    std::vector<int32_t> ids;
    for (int64_t i = 0; i < vectors->count; ++i)
      ids.push_back(static_cast<int32_t>(encoder.config.vocabulary +
                                         static_cast<int64_t>(rows.size()) / encoder.config.width + i));
    rows.insert(rows.end(), vectors->values.begin(), vectors->values.end());
    TRY(tokenizer.add_token(embedding.token, ids));
  }
  const Scope table = Scope{"text_model"} / "embeddings" / "token_embedding" / "weight";
  weights = TRY(with_extra_rows(weights, table.path, std::move(rows), encoder.config.width));
  encoder.config.vocabulary = TRY(weights->shape_of(table.path))[0];
  encoder.tokenizer = std::make_shared<const ClipTokenizer>(std::move(tokenizer));
  return {};
}

Result<void> Model::load_vae(const LoadOptions& options) {
  if (!options.vae.empty()) {
    Component part = TRY(open_vae(options.vae, std::string(family_->name)));
    autoencoder_ = TRY(Autoencoder::open(part, *backend_, precision_));
    return {};
  }
  autoencoder_ = TRY(Autoencoder::open(*files_.find("vae"), *backend_, precision_));
  return {};
}

// Inpainting and editing models take ControlNets of the plain ones, which read the latent alone.
bool Model::fits_unet(const UnetConfig& control) const {
  const auto same_residuals = [](const UnetStage& a, const UnetStage& b) {
    return a.channels == b.channels && a.depth.size() == b.depth.size();
  };
  if (!std::ranges::equal(control.down, unet_config_.down, same_residuals) ||
      control.downsample_padding != unet_config_.downsample_padding ||
      control.context_width != unet_config_.context_width ||
      control.in_channels != autoencoder_.latent_channels() || control.time_condition_width > 0 ||
      control.class_embedding != ClassEmbedding::none)
    return false;
  if (control.added_width == 0) return true;
  const int64_t pooled = text_encoders_.back().config.pooled_width();
  return unet_config_.added_width > 0 && control.time_id_count(pooled) == unet_config_.time_id_count(pooled);
}

Result<void> Model::load_controlnets(const LoadOptions& options) {
  for (const fs::path& path : options.controlnets) {
    const Component part = TRY(open_controlnet(path));
    ControlNet net;
    net.name = path.has_filename() ? path.filename().string() : path.parent_path().filename().string();
    net.config = TRY(read_controlnet_config(part.config, part.config_field));
    if (!fits_unet(net.config.unet))
      return invalid("controlnet",
                     fmt::format("{} is made for another UNet than {}'s", net.name, files_.name),
                     "use one of the same family");
    if (net.config.condition_scale() != autoencoder_.scale())
      return invalid("controlnet",
                     fmt::format("{} reads pictures {} times the latents' size, this model's are {} times",
                                 net.name, net.config.condition_scale(), autoencoder_.scale()));
    if (net.config.condition_channels != 3)
      return unsupported("controlnet", fmt::format("{} reads pictures of {} channels; 3 are supported",
                                                   net.name, net.config.condition_channels));
    net.network = Network(*backend_, part.weights, precision_);
    controlnets_.push_back(std::move(net));
  }
  return {};
}

// Sizes that two components state must be one size; found here, the error names files instead of tensors.
Result<void> Model::check_parts_agree() {
  int64_t context = 0;
  for (const TextEncoder& encoder : text_encoders_) context += encoder.config.width;
  const std::string& field = files_.find("unet")->config_field;
  for (const TextEncoder& encoder : text_encoders_)
    if (encoder.config.tokens_max != text_encoders_.front().config.tokens_max)
      return invalid("max_position_embeddings",
                     "differs between the two text encoders, which read the same windows");
  if (context != unet_config_.context_width)
    return invalid(field, fmt::format("cross_attention_dim {} differs from the text encoders' width {}",
                                      unet_config_.context_width, context));
  const int64_t latent = autoencoder_.latent_channels(), in = unet_config_.in_channels;
  if (unet_config_.out_channels != latent)
    return invalid(field, fmt::format("out_channels {} differs from the autoencoder's {}",
                                      unet_config_.out_channels, latent));
  if (unet_config_.class_embedding != ClassEmbedding::none)
    return unsupported(field, "the UNet is conditioned on classes; prompts have none");
  if (in != latent && in != 2 * latent && in != 2 * latent + 1)
    return unsupported(
        field, fmt::format("in_channels {}; supported: {}, {} (InstructPix2Pix), {} (inpainting)", in, latent,
                           2 * latent, 2 * latent + 1));
  if (family_->micro_conditioning) {
    const std::optional<int64_t> ids =
        unet_config_.time_id_count(text_encoders_.back().config.pooled_width());
    if (!ids || *ids != (family_->aesthetic_score ? 5 : 6))
      return invalid(
          field,
          "projection_class_embeddings_input_dim does not fit the pooled text and the picture's sizes");
  } else if (unet_config_.added_width > 0) {
    return invalid(field, "wants SDXL's added conditioning, but the model has no second text encoder");
  }
  return {};
}

std::vector<std::pair<std::string, Network*>> Model::networks() {
  std::vector<std::pair<std::string, Network*>> networks{{"unet", &unet_network_},
                                                         {"vae", &autoencoder_.network()}};
  for (TextEncoder& encoder : text_encoders_) networks.emplace_back(encoder.use.encoder, &encoder.network);
  return networks;
}

bool Model::weights_are_sealed() const { return are_sealed(files_.weight_files); }

// A digest that is not remembered would take longer than packing.
void Model::attach_packed() {
  if (!weights_are_files_ || weights_are_sealed()) return;
  const std::string digest = remembered_digest(files_.weight_files);
  if (digest.empty()) return;
  for (const auto& [name, network] : networks()) {
    const PackedPlace place = packed_place(*this, digest, name);
    // Nothing kept, or not what it should be: then it is packed.
    if (!place.path.empty()) static_cast<void>(network->attach(place));
  }
}

void Model::start_hashing(const LoadOptions& options) {
  hashing_ = std::async(std::launch::async, [files = files_.weight_files] { return digest_of_files(files); });
  std::vector<std::pair<std::string, fs::path>> extras;
  for (const NamedWeight& lora : options.loras) extras.emplace_back("lora", lora.name);
  for (const fs::path& path : options.embeddings) extras.emplace_back("embedding", path);
  for (const fs::path& path : options.controlnets) extras.emplace_back("controlnet", path);
  if (!options.vae.empty()) extras.emplace_back("vae", options.vae);
  extra_hashing_ = std::async(std::launch::async, [extras = std::move(extras)] {
    std::vector<ExtraFile> hashes;
    for (const auto& [kind, path] : extras)
      hashes.push_back({kind, path.stem().string(), digest_of_files(weight_files_of(path))});
    return hashes;
  });
}

size_t Model::packed_bytes() const {
  size_t bytes = unet_network_.packed_bytes() + autoencoder_.packed_bytes();
  for (const TextEncoder& encoder : text_encoders_) bytes += encoder.network.packed_bytes();
  for (const ControlNet& net : controlnets_) bytes += net.network.packed_bytes();
  return bytes;
}

const std::string& Model::weights_hash() {
  if (hashing_.valid()) hash_ = hashing_.get();
  return hash_;
}

const std::vector<ExtraFile>& Model::extra_files() {
  if (extra_hashing_.valid()) extra_files_ = extra_hashing_.get();
  return extra_files_;
}

bool Model::zero_missing_negative() const {
  return family_->micro_conditioning && config_flag(files_.index, "force_zeros_for_empty_prompt", true);
}

int Model::default_side(const char* which) const {
  if (const auto side = recommended(files_, which)) return static_cast<int>(*side);
  const int64_t latent = unet_config_.sample_size > 0 ? unet_config_.sample_size : 64;
  return static_cast<int>(latent) * autoencoder_.scale();
}

int Model::default_steps() const {
  if (const auto steps = recommended(files_, "steps")) return static_cast<int>(*steps);
  return training_.sampler == "lcm" || training_.sampler == "tcd" ? 4 : family_->default_steps;
}

double Model::default_guidance() const {
  if (const auto guidance = recommended(files_, "guidance")) return *guidance;
  return guidance_embedded() ? 8.5 : family_->default_guidance;
}

}  // namespace limner
