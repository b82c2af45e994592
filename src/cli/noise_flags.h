#pragma once
// The watermark in the noise of what the command line draws.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "jobs/noise_watermark.h"

namespace CLI {
class App;
}

namespace limner {

struct NoiseFlags {
  bool on = false;            ///< --noise-watermark
  std::string id;             ///< --watermark-id; empty: of key and seed
  std::filesystem::path key;  ///< --watermark-key; empty: that of `limner mark`
};

void add_noise_flags(CLI::App& app, NoiseFlags& flags);

/// A whole number below 2^40; `invalid` names `field`.
Result<WatermarkId> parse_watermark_id(const std::string& text, const char* field);

/// Marks the noises of one command.
class NoiseMarking {
 public:
  /// Reads the key, and makes it if it is nobody's yet. What `recorded` says of the picture that is drawn
  /// again counts where no flag says anything; if its key is not here, warning() says so.
  Result<void> prepare(const NoiseFlags& flags, const std::optional<RecordedNoise>& recorded);

  const std::string& warning() const { return warning_; }
  /// Whether a flag asked for it: then a picture that cannot carry it is an error.
  bool asked() const { return asked_; }
  /// What a picture of `seed` is drawn with; nothing: as ever.
  std::optional<NoiseWatermark> of(uint64_t seed) const;

 private:
  bool asked_ = false;
  std::string warning_;
  std::optional<WatermarkKey> key_;
  std::optional<WatermarkId> id_;
};

/// The recorded watermark with that one of `keys` which it was made with; `not_found` with field "key" if it
/// is not among them.
Result<NoiseWatermark> recorded_watermark(const RecordedNoise& recorded,
                                          const std::vector<WatermarkKey>& keys);

}  // namespace limner
