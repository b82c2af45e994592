#pragma once
// THE SEAM: all that anything outside the engine may know of drawing. Load a model, open a drawing, advance a
// set of drawings by one network evaluation each, finish a drawing to pixels. Whoever calls step() decides
// when, with whom, and whether to go on.

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/params.h"
#include "image/picture.h"

namespace limner {

class Model;
class Drawing;
class NoiseSigns;

/// How a model is to be loaded. What is named here changes weights, so it belongs to the model and not to a
/// drawing.
struct LoadOptions {
  std::string dtype;  ///< "f32", "bf16", "bf16-direct" or empty: bf16 where the CPU computes it, else f32
  int threads = 0;    ///< 0: one for every core this process may use
  std::vector<NamedWeight> loras;                 ///< paths of LoRA files
  std::vector<std::filesystem::path> embeddings;  ///< textual-inversion files
  std::vector<std::filesystem::path>
      controlnets;                 ///< ControlNet folders or files, in the order of their pictures
  std::filesystem::path vae;       ///< replaces the model's own; empty: the model's own
  bool reference_backend = false;  ///< plain loops instead of the fast backend: to compare with
};

/// What is known of a loaded model.
struct ModelInfo {
  std::string name, family, pipeline, backend, dtype;
  int width = 0, height = 0;  ///< default size in pixels
  int size_multiple = 8;      ///< sides must be multiples of this
  int steps = 0;
  double guidance = 0;
  std::string sampler, schedule;
  bool inpainting = false, edits_by_instruction = false;
  std::string quantization;           ///< of the UNet: "130 weights in 8 bits, computed in int8"; empty: none
  std::vector<std::string> warnings;  ///< LoRA keys that matched nothing, ...
};

/// What a drawing is drawn over. Empty pictures are absent.
struct DrawingInputs {
  Picture init;  ///< image-to-image, inpainting, InstructPix2Pix
  Picture mask;  ///< white is redrawn; one channel or grey of any; size of init
  struct Control {
    Picture picture;
    double scale = 1;
    double start = 0, end = 1;  ///< shares of the steps between which it acts
  };
  std::vector<Control> controls;  ///< one for each ControlNet the model was loaded with, in that order
};

/// Where a drawing stands.
struct Progress {
  int done = 0, total = 0;  ///< network evaluations
  int step = 0, steps = 0;  ///< sampling steps, as the user counts them, over both passes of hires-fix
};

/// What drawing will take, known before anything is loaded or opened: of one picture, but for the memory.
struct DrawingCost {
  int evaluations = 0;        ///< of the network
  int rows = 1;               ///< in each, at most
  int width = 0, height = 0;  ///< of the picture, the last pass of hires-fix included
  size_t memory_bytes = 0;    ///< beside the weights, of all pictures that are drawn at once
  bool vae_tiled = false;     ///< whether the autoencoder works in tiles
};

struct ModelDeleter {
  void operator()(Model* model) const;
};
struct DrawingDeleter {
  void operator()(Drawing* drawing) const;
};
using ModelPtr = std::unique_ptr<Model, ModelDeleter>;
using DrawingPtr = std::unique_ptr<Drawing, DrawingDeleter>;

/// Opens and checks the model at `path` (a diffusers directory or a single-file checkpoint).
Result<ModelPtr> load(const std::filesystem::path& path, const LoadOptions& options);
ModelInfo model_info(const Model& model);
/// Bytes of weights that lie in memory so far: each is packed when a drawing first needs it.
size_t weight_bytes(const Model& model);
/// sha256 of the model's weight files, computed in the background since load(); waits for it.
std::string model_hash(Model& model);

/// Checks every parameter against the model, reserves memory, encodes text and pictures, draws the first
/// noise. The drawing borrows the model. Errors name the parameter; `too_large` says how much memory would be
/// needed.
///
/// With `signs` (engine/noise_signs.h) the noise of each seed is given these signs before anything is done
/// with it, and file_texts() says so under "noise_watermark". Everything else is as without: a seed's
/// magnitudes, the noise that samplers add. Where the first noise does not lead to the picture - drawing over
/// one, a second pass - it is `unsupported` with field "noise_watermark". They are asked in open() only.
Result<DrawingPtr> open(Model& model, const DrawingParams& params, const DrawingInputs& inputs,
                        const NoiseSigns* signs = nullptr);

/// One network evaluation for each of `drawings`, batched where shapes agree. All must belong to one model
/// and none may be drawn already. The bytes of a drawing do not depend on the others, nor on the number of
/// threads. Allocates nothing where the batch shape is among the two dozen that were used last.
Result<void> step(std::span<Drawing* const> drawings);

bool drawn(const Drawing& drawing);
Progress progress(const Drawing& drawing);
/// Latents to pixels. `invalid` if the model produced values that are not finite.
Result<Picture> finish(Drawing& drawing);
/// A cheap picture of what the drawing looks like so far; empty before the first step.
Result<Picture> preview(Drawing& drawing);

/// The parameters as they were used: nothing left to defaults.
const DrawingParams& used_params(const Drawing& drawing);
/// How many values the noise that it began with has, and NoiseSigns::json() of its signs (null: its own).
size_t noise_values(const Drawing& drawing);
const Json& noise_signs(const Drawing& drawing);
/// Warnings about this drawing: text that fell off the window, ...
const std::vector<std::string>& warnings(const Drawing& drawing);
/// What drawing was planned to take when it was opened.
const DrawingCost& planned_cost(const Drawing& drawing);
/// Milliseconds spent in each stage so far.
struct StageTimes {
  double text_ms = 0, encode_ms = 0, steps_ms = 0, decode_ms = 0, compile_ms = 0;
};
StageTimes stage_times(const Drawing& drawing);

/// The texts that go into a picture's file: A1111 infotext and Limner's JSON (parameters, hashes, build,
/// precision, determinism class). Names and digests only, never paths.
struct FileTexts {
  std::string infotext, json;
};
FileTexts file_texts(Drawing& drawing);

/// What is known of a model without reading its weights: from its config files and the sizes of its files.
struct ModelCard {
  ModelInfo info;           ///< backend and dtype as load() would choose them
  size_t weight_bytes = 0;  ///< as they will lie in memory in that dtype
  int latent_scale = 8, latent_channels = 4;
  std::shared_ptr<const Model>
      unpacked;  ///< opened, its weights mapped and not read: what predict_cost() asks
};
Result<ModelCard> describe(const std::filesystem::path& path, const LoadOptions& options);

/// model_hash() of the model that `card` describes, without loading it. `progress` is called with the share
/// of its bytes that was read, 0 to 1; false stops with `cancelled`. Digests of unchanged files are
/// remembered on disk.
Result<std::string> hash_weights(const ModelCard& card, const std::function<bool(double)>& progress);

/// What is known of a request's pictures before they are decoded.
struct InputSizes {
  int init_width = 0, init_height = 0;  ///< of the picture to draw over; 0x0 without one
  bool mask = false;
  int controls = 0;
};
/// Checks `params` as open() will, as far as that needs no weights, and predicts. Errors are open()'s. The
/// memory is that of the most demanding of encoding texts, evaluating the network and the autoencoder, for
/// `pictures` like this one that are drawn at once. Thread-safe, also over one card; what takes long to find
/// out is remembered in the card.
Result<DrawingCost> predict_cost(const ModelCard& card, const DrawingParams& params, const InputSizes& inputs,
                                 int pictures = 1);

/// Whether the next step() runs the whole network for this drawing: if not, it takes a fraction of the time.
bool next_is_whole(const Drawing& drawing);
/// Rows the next step() will need for this drawing: what the time of a step is shared by.
int next_rows(const Drawing& drawing);

/// Everything that steps change - the sampler's numbers, the latent, the position in the noise stream, which
/// pass - as bytes, between two steps or after the last. resume(save()) of a drawing opened with the same
/// model, parameters and inputs goes on with the same bytes. `invalid` if the state is damaged or of another
/// drawing, model, processor or dtype; the drawing is then as it was. save() waits for the model's hash.
Result<std::string> save(const Drawing& drawing);
Result<void> resume(Drawing& drawing, std::string_view state);

/// A line a sampler, a noise schedule: for listings and APIs.
struct ListedName {
  std::string name, title, doc;
};
std::vector<ListedName> list_samplers();
std::vector<ListedName> list_schedules();

/// Enlarging a finished picture with an ESRGAN-class network.
struct UpscaleRequest {
  std::filesystem::path upscaler;  ///< safetensors file of an RRDBNet or SRVGGNetCompact
  std::string dtype;               ///< as in LoadOptions
  int threads = 0;
  int tile = 256;    ///< side of a tile in source pixels, 0: the whole picture at once; bounds memory
  int overlap = 16;  ///< source pixels around a tile that are computed and thrown away
  /// Called after each tile with tiles done and tiles in all; false stops with Code::cancelled.
  std::function<bool(int, int)> progress;
};
Result<Picture> upscale(const Picture& picture, const UpscaleRequest& request);

}  // namespace limner
