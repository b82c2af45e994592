#pragma once
// A picture being drawn: parameters as resolved, conditioning, noise, the sampler's state, and what it is
// drawn over.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/conditioning.h"
#include "engine/counted_noise.h"
#include "engine/engine.h"
#include "engine/model.h"
#include "engine/noise_signs.h"
#include "engine/upscaler.h"
#include "sampling/sampler.h"

namespace limner {

/// The extents of a latent.
struct LatentExtent {
  int channels = 4, height = 0, width = 0;
  size_t count() const { return static_cast<size_t>(channels) * height * width; }
  friend bool operator==(const LatentExtent&, const LatentExtent&) = default;
};

/// A ControlNet's picture, ready for the network.
struct ControlInput {
  Picture picture;            ///< as given
  std::vector<float> pixels;  ///< [H, W, 3] in 0..1
  float scale = 1;
  double start = 0, end = 1;
};

/// What keeps the latent to a picture outside a mask, or feeds the picture to the UNet.
struct PictureInput {
  std::vector<float> clean;  ///< [C, h, w] latents of the picture; empty without one
  std::vector<float> noise;  ///< [C, h, w] the noise it was started with
  std::vector<float> mask;   ///< [h, w], 1 is redrawn; empty without a mask
  std::vector<float> extra;  ///< [h, w, n] channels the UNet sees beside the latent; empty for plain models
  int extra_channels = 0;
};

/// One row of a UNet batch that a drawing asks for.
struct Row {
  const Conditioning* conditioning = nullptr;
  bool sees_picture = true;  ///< InstructPix2Pix leaves the picture out of its last row
  bool negative = false;     ///< takes the negative prompt's sizes and score
};

class Drawing {
 public:
  Model* model = nullptr;
  DrawingParams params;  ///< nothing left to defaults
  LatentExtent extent;
  GraphOptions tiling;
  PromptConditioning prompts;
  std::vector<float> time_ids, negative_time_ids;  ///< micro-conditioning; empty where the family has none
  std::vector<float> guidance_embedding;           ///< latent consistency models; else empty
  PictureInput picture;
  std::vector<ControlInput> controls;
  std::unique_ptr<CountedNoise> noise;
  Json noise_signs;  ///< what the first noise was marked with, see NoiseSigns::json(); null: nothing
  SamplerRequest request;
  std::unique_ptr<Sampler> sampler;
  std::unique_ptr<Upscaler> upscaler;  ///< enlarges between the passes; absent: latents are enlarged
  bool wants_second_pass = false;
  int evaluations_before = 0;  ///< of the pass before
  int evaluations_later = 0;   ///< of the pass to come
  /// How far the prompt pulls at the very first evaluation: root mean square of the conditional prediction
  /// less the negative one. Absent before it, and where that evaluation is not guided.
  std::optional<double> guidance_gap;
  std::string fingerprint;  ///< sha256 of the parameters and pictures it was opened with
  std::vector<std::string> warnings;
  StageTimes times;
  DrawingCost cost;  ///< as planned

  // Reserved in open(): a step writes into them and allocates nothing.
  std::vector<Row> rows;                        ///< rows of the current ask
  std::vector<std::vector<float>> predictions;  ///< [C, h, w] for each row
  std::vector<float> guided;                    ///< [C, h, w]

  // With step_cache above 1.
  UnetPart part = UnetPart::whole;  ///< of the network, for the present ask
  std::vector<std::vector<float>>
      deep;              ///< [h, w, deep_channels] for each row, from the last whole evaluation
  size_t deep_rows = 0;  ///< of how many rows it is known

  /// The step the next ask belongs to, as the schedule counts them (0-based), for prompt stages and
  /// intervals.
  int step_index() const;
  /// Share of the evaluations done.
  double share_done() const;
};

/// Whether guidance acts in any evaluation: above 1, as in diffusers, and where the scale is no input of the
/// network.
bool is_guided(const Model& model, const DrawingParams& params);
/// Rows of the evaluation at which `done` of the pass's evaluations (0 to 1) are done, of a prompt with
/// `branches`.
size_t rows_at(const Model& model, const DrawingParams& params, size_t branches, double done);
/// Whether the next evaluation is of the whole network (step_cache), as far as that follows from its number.
bool whole_is_due(const Drawing& drawing);
/// Fills drawing.rows and drawing.part with what its next ask needs: one row without guidance, two with it,
/// more for AND and InstructPix2Pix.
void choose_rows(Drawing& drawing);
/// Puts the rows' predictions together into drawing.guided.
void combine_rows(Drawing& drawing);

/// Makes sampler, latent and noise of the first pass; `signs` may be null.
Result<void> begin_first_pass(Drawing& drawing, const DrawingInputs& inputs, const NoiseSigns* signs);
/// Enlarges what the first pass drew and makes the second pass's sampler (hires-fix).
Result<void> begin_second_pass(Drawing& drawing);
/// Makes everything of the second pass but its latent: extent, sampler, conditions.
Result<void> enter_second_pass(Drawing& drawing);
/// The latent extent of the first pass.
LatentExtent first_extent(const Model& model, const DrawingParams& params);
/// The second pass's, given the first's.
LatentExtent second_extent(const LatentExtent& first, double scale);
/// Steps of the second pass, strength not yet applied.
int second_steps(const DrawingParams& params);

/// Pipelines of latent consistency models leave out no steps for strength but space them over a share of the
/// timesteps.
bool spaces_by_strength(const Model& model, const DrawingParams& params);
/// diffusers' get_timesteps: how many of `steps` are left out at the noisy end.
int steps_left_out(int steps, double strength);
/// Strength of the first pass: 1 where nothing is drawn over.
double first_strength(const Model& model, const DrawingParams& params);
/// Numbers of a row's drawing.deep.
size_t deep_count(const Model& model, const LatentExtent& extent);
/// What a sampler is made for that draws the last `strength` of `steps` over a latent of `extent`.
SamplerRequest sampler_request(const Model& model, const DrawingParams& params, int steps, double strength,
                               const LatentExtent& extent);
/// Makes drawing.sampler for the present extent, for the last `strength` of `steps`, and reserves what a step
/// writes into.
Result<void> make_sampler(Drawing& drawing, int steps, double strength);
/// Pixels [H, W, 3] of the drawing's size -> the distribution of their latents, unscaled.
Result<EncodedPicture> encode(Drawing& drawing, std::span<const float> pixels);
/// Pixels [H, W, 3] of the drawing's size -> a draw of latents as the denoiser knows them; reads the noise
/// stream.
Result<std::vector<float>> encode_sample(Drawing& drawing, std::span<const float> pixels);
/// Latents -> the picture; `invalid` if values are not finite.
Result<Picture> decode_latent(Drawing& drawing, std::span<const float> latent);
/// ControlNets' pictures as the networks read them, for the present extent.
Result<void> prepare_controls(Drawing& drawing);
/// SDXL's sizes beside the timestep, for the present extent.
void set_time_ids(Drawing& drawing);

}  // namespace limner
