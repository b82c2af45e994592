#pragma once
// A loaded model: its networks' weights, packed for one backend at one precision, and the executables
// compiled from them.

#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "base/result.h"
#include "engine/autoencoder.h"
#include "engine/engine.h"
#include "engine/memory_plans.h"
#include "engine/network.h"
#include "engine/recently_used.h"
#include "families/family.h"
#include "families/model_files.h"
#include "families/quantization.h"
#include "families/textual_inversion.h"
#include "nets/clip_text.h"
#include "nets/controlnet.h"
#include "nets/unet.h"
#include "sampling/training_schedule.h"
#include "text/clip_tokenizer.h"

namespace limner {

struct BatchShape;
struct BatchRow;
class ConditioningCache;
class UnetBatch;

/// A text encoder with its tokenizer and how its states are used.
struct TextEncoder {
  TextUse use;
  ClipTextConfig config;
  std::shared_ptr<const ClipTokenizer> tokenizer;
  Network network;
};

/// What `encoder` is run as: over one window, `clip_skip` - 1 layers earlier than usual.
ClipTextShape encoder_shape(const TextEncoder& encoder, int clip_skip);

/// A ControlNet that goes with the model's UNet.
struct ControlNet {
  std::string name;
  ControlNetConfig config;
  Network network;
};

/// A file beside the model that changes what it draws.
struct ExtraFile {
  std::string kind;  ///< "lora", "embedding", "controlnet", "vae"
  std::string name;  ///< without folder and extension
  std::string sha256;
};

/// Loaded once, used by any number of drawings. Immutable but for its caches; drawings borrow it.
class Model {
 public:
  ~Model();
  /// Opens, checks and recognises the model at `path` without reading its weights.
  static Result<std::unique_ptr<Model>> open(const std::filesystem::path& path, const LoadOptions& options);
  /// The same to draw with: weights are packed when a drawing first needs them, and are being hashed.
  static Result<std::unique_ptr<Model>> load(const std::filesystem::path& path, const LoadOptions& options);

  const ModelFiles& files() const { return files_; }
  const Family& family() const { return *family_; }
  const TrainingSchedule& training() const { return training_; }
  const Backend& backend() const { return *backend_; }
  Precision precision() const { return precision_; }
  const UnetConfig& unet() const { return unet_config_; }
  /// Of the UNet's weights.
  const Quantization& quantization() const { return quantization_; }
  const Autoencoder& autoencoder() const { return autoencoder_; }
  Autoencoder& autoencoder() { return autoencoder_; }
  /// 9 latent channels in: the UNet sees mask and masked picture.
  bool inpainting() const { return unet_config_.in_channels == 2 * autoencoder_.latent_channels() + 1; }
  /// 8 latent channels in: the UNet sees the picture to edit.
  bool pix2pix() const { return unet_config_.in_channels == 2 * autoencoder_.latent_channels(); }
  /// The guidance scale is an input of the UNet (latent consistency models).
  bool guidance_embedded() const { return unet_config_.time_condition_width > 0; }
  /// Zero embeddings stand for a negative prompt that was not given (SDXL base).
  bool zero_missing_negative() const;
  /// which: "width" or "height".
  int default_side(const char* which) const;
  int default_steps() const;
  double default_guidance() const;

  Network& unet_network() { return unet_network_; }
  const Network& unet_network() const { return unet_network_; }
  std::vector<TextEncoder>& text_encoders() { return text_encoders_; }
  const std::vector<TextEncoder>& text_encoders() const { return text_encoders_; }
  std::vector<ControlNet>& controlnets() { return controlnets_; }
  const std::vector<ControlNet>& controlnets() const { return controlnets_; }
  Workspace& workspace() { return *workspace_; }
  const Workspace& workspace() const { return *workspace_; }
  MemoryPlans& plans() const { return *plans_; }
  ConditioningCache& conditionings() { return *conditionings_; }
  /// All but ControlNets: "unet", "vae", "text_encoder", ...
  std::vector<std::pair<std::string, Network*>> networks();
  /// Whether every weight is as its file says: no LoRAs, embeddings or other autoencoder.
  bool weights_are_files() const { return weights_are_files_; }
  /// Whether a file of its weights is encrypted.
  bool weights_are_sealed() const;
  /// Of all networks, so far.
  size_t packed_bytes() const;
  /// The UNet for batches of `shape`, made unless it is among those that were asked for last; the workspace
  /// has room for it. Valid until the next call.
  Result<UnetBatch*> batch(const BatchShape& shape);
  /// Those that are kept.
  size_t batches() const;
  /// Scratch of step(): the rows of the present evaluation.
  std::vector<BatchRow>& batch_rows() { return batch_rows_; }

  /// Things the user should hear about, found while loading: LoRA keys that matched nothing, ...
  const std::vector<std::string>& warnings() const { return warnings_; }
  const std::vector<std::pair<std::string, double>>& lora_names() const { return lora_names_; }
  /// sha256 over the weight files' digests, hexadecimal; computed in the background since load(), cached on
  /// disk.
  const std::string& weights_hash();
  /// LoRA, embedding, ControlNet and VAE files that were loaded beside the model, with their digests.
  const std::vector<ExtraFile>& extra_files();

 private:
  Model();
  Result<void> load_text(const LoadOptions& options);
  Result<void> load_vae(const LoadOptions& options);
  Result<void> load_controlnets(const LoadOptions& options);
  bool fits_unet(const UnetConfig& control) const;
  Result<void> apply_loras(const LoadOptions& options);
  Result<void> add_embeddings(const std::vector<TextualInversion>& embeddings, TextEncoder& encoder,
                              std::shared_ptr<const WeightSource>& weights);
  Result<void> check_parts_agree();
  void attach_packed();
  void start_hashing(const LoadOptions& options);

  std::unique_ptr<Backend> backend_;
  std::unique_ptr<Workspace> workspace_;
  std::unique_ptr<MemoryPlans> plans_ = std::make_unique<MemoryPlans>();
  std::unique_ptr<ConditioningCache> conditionings_;
  ModelFiles files_;
  const Family* family_ = nullptr;
  Precision precision_ = Precision::f32;
  bool weights_are_files_ = false;
  TrainingSchedule training_;
  UnetConfig unet_config_;
  Quantization quantization_;
  Autoencoder autoencoder_;
  Network unet_network_;
  std::vector<TextEncoder> text_encoders_;
  std::vector<ControlNet> controlnets_;
  RecentlyUsed<BatchShape, std::unique_ptr<UnetBatch>> batches_;
  std::vector<BatchRow> batch_rows_;
  std::vector<std::string> warnings_;
  std::vector<std::pair<std::string, double>> lora_names_;
  std::future<std::string> hashing_;
  std::string hash_;
  std::future<std::vector<ExtraFile>> extra_hashing_;
  std::vector<ExtraFile> extra_files_;
};

}  // namespace limner
