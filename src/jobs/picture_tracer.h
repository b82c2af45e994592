#pragma once
// Where does this picture come from? Three layers answer: its manifest, its watermark, the ledger.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "image/codec.h"
#include "jobs/picture_hash_index.h"
#include "jobs/picture_marker.h"
#include "ledger/ledger.h"
#include "provenance/verify.h"
#include "watermark/noise_mark.h"
#include "watermark/watermark.h"

namespace limner {

/// A picture of the ledger that the one asked about was led back to.
struct TracedPicture {
  PictureRow picture;
  std::string model;            ///< that drew it, by name
  bool by_manifest = false;     ///< a manifest of ours has its id
  bool by_watermark = false;    ///< its id was read from the pixels
  bool by_noise = false;        ///< its id was read from the noise behind them
  std::optional<int> distance;  ///< looks alike: so many bits between the hashes
};

/// What each layer says. A layer that could not be asked says nothing and is in `unchecked`, by its name
/// ("watermark", "noise_watermark", "ledger", "likeness"), with the reason.
struct PictureTrace {
  SignatureReport signature;
  std::optional<WatermarkReading> watermark;
  std::optional<NoiseReading> noise;
  std::vector<TracedPicture> ledger;  ///< the surest first: by manifest, by watermark, by likeness
  std::map<std::string, std::string> unchecked;
};

/// Thread-safe. A call costs up to seconds of one core: callers bound how many there are.
class PictureTracer {
 public:
  struct Parts {
    TrustAnchorsPtr anchors;         ///< whose manifests are believed
    std::vector<WatermarkKey> keys;  ///< tried one after the other
    Ledger* ledger = nullptr;        ///< null: there is none
    const Clock& clock;
    /// Looks for the watermark in the noise, which takes a model and its steps; null: nobody asks for it.
    std::function<Result<std::optional<NoiseReading>>(const Picture&)> read_noise = nullptr;
  };
  explicit PictureTracer(Parts parts);

  /// Asks all layers about a picture's file, whose bytes are hostile. Errors are those of verify_picture()
  /// and of the ledger; pixels that cannot be decoded are no error, for the file's signature can be looked
  /// at.
  Result<PictureTrace> trace(std::string_view file, const DecodeLimits& limits);

 private:
  void read_pixels(const Picture& picture, PictureTrace& trace) const;
  void read_noise(const Picture& picture, PictureTrace& trace) const;
  Result<void> ask_ledger(const Picture& picture, PictureTrace& trace);
  Result<void> find_by_manifest(PictureTrace& trace);
  Result<void> find_by_watermark(PictureTrace& trace);
  Result<void> find_by_noise(PictureTrace& trace);
  Result<void> find_by_likeness(const Picture& picture, PictureTrace& trace);
  Result<TracedPicture*> add(PictureRow picture, PictureTrace& trace);

  Parts parts_;
  std::optional<PictureHashIndex> hashes_;
};

/// Where a server's keys are: what `config` names or has made; a key that is not there is left out.
Result<std::vector<WatermarkKey>> known_watermark_keys(const MarkingConfig& config);
/// Roots of PEM files, and that of the server's own chain where there is one.
Result<TrustAnchorsPtr> known_anchors(const MarkingConfig& config);

}  // namespace limner
