#pragma once
// A picture being drawn, as a state machine that asks for network evaluations. It never calls a network,
// never blocks, allocates nothing after it was made: whoever drives it decides when, with whom in one batch,
// and whether to go on.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sampling/noise.h"
#include "sampling/training_schedule.h"

namespace limner {

/// One question to the network: what does it predict for `input` at `timestep`?
/// `input` is the latent as the network wants it (already scaled), [C, H, W] f32; it lives until the next
/// tell().
struct Ask {
  float timestep = 0;
  std::span<const float> input;
};

/// ask() names the evaluation needed next; tell() answers it. Numerics follow diffusers 0.42.1's scheduler of
/// the same name in f32, so that the same seed draws the same picture.
class Sampler {
 public:
  virtual ~Sampler() = default;
  /// The next evaluation, or nothing when the picture is drawn. Calling it twice gives the same ask.
  virtual std::optional<Ask> ask() = 0;
  /// Answers the last ask with the network's guided raw prediction (epsilon, v or sample as the model was
  /// trained), [C, H, W]; read, not kept. `noise` is the picture's stream; ancestral and SDE samplers draw
  /// from it.
  virtual void tell(std::span<const float> prediction, NoiseStream& noise) = 0;
  /// The latent as it stands between evaluations, writable: inpainting blends into it after each tell().
  virtual std::span<float> latent() = 0;
  /// The clean latent as last estimated, for previews; empty before the first tell().
  virtual std::span<const float> denoised() const = 0;
  /// out = `clean` at the noise level at which the next ask will be made, with `noise` as its noise: what
  /// diffusers blends outside an inpainting mask. When nothing is left to ask: `clean` itself.
  virtual void noised(std::span<const float> clean, std::span<const float> noise,
                      std::span<float> out) const = 0;
  /// Standard deviation of pure noise as this sampler starts from it, diffusers' init_noise_sigma: 1 for the
  /// variance-preserving ones (ddim, dpmpp_2m), near the largest sigma for the others. start() multiplies by
  /// it.
  virtual float init_noise_sigma() const = 0;
  /// Evaluations done and evaluations in all.
  virtual int asks_done() const = 0;
  virtual int asks_total() const = 0;
  /// Every number that ask/tell changes, so that a drawing can be resumed elsewhere: restore(save()) of a
  /// sampler made with the same request continues with the same bytes (the noise stream apart).
  virtual std::vector<float> save() const = 0;
  virtual Result<void> restore(std::span<const float> state) = 0;
};

/// What a sampler is made for.
struct SamplerRequest {
  const TrainingSchedule* training = nullptr;  ///< the model's noise schedule; must outlive the sampler
  std::string schedule;                        ///< a name of noise_schedules(); empty: the model's own
  int steps = 20;
  /// Steps to leave out at the noisy end (image-to-image): steps - int(steps * strength).
  int skip = 0;
  /// lcm only: image-to-image as the pipelines of latent consistency models do it, which leave out no steps
  /// but space them over this share of the training timesteps. 1 elsewhere.
  double distilled_share = 1;
  float eta = -1;  ///< noise put back by ddim, tcd, ancestral samplers; negative: the sampler's own default
  size_t latent_size = 0;                       ///< elements of [C, H, W]
  int64_t channels = 4, height = 0, width = 0;  ///< of the latent
  uint64_t seed = 0;  ///< for Brownian noise (torchsde entropy), which does not come from the stream
};

/// A sampler exists for the CLI, the docs and the tests by being in samplers().
struct SamplerInfo {
  std::string_view name;                      ///< "dpmpp_2m"
  std::string_view title;                     ///< "DPM++ 2M", as users of A1111 know it
  std::span<const std::string_view> aliases;  ///< other accepted names, diffusers class included
  std::string_view doc;                       ///< one line
  bool uses_noise;                            ///< may draw from the stream between steps
  Result<std::unique_ptr<Sampler>> (*make)(const SamplerRequest&);
  bool uses_eta = false;  ///< reads SamplerRequest::eta
};
std::span<const SamplerInfo* const> samplers();
/// By name, title or alias, case-insensitive; `invalid` with field "sampler", listing the names.
Result<const SamplerInfo*> find_sampler(std::string_view name);

/// Starts the sampler: without `clean`, latent = noise at the first noise level (init_noise_sigma);
/// with `clean`, diffusers' add_noise(clean, noise, first timestep).
void start(Sampler& sampler, const SamplerRequest& request, std::span<const float> clean,
           std::span<const float> noise);

}  // namespace limner
