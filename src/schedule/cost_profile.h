#pragma once
// What steps cost on this machine, as measured while drawing: the engine, as the scheduler knows it.

#include <map>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace limner {

/// Drawings whose steps may share a batch: one loaded model variant, one latent size.
struct StepClass {
  std::string model;          ///< the pool's key of the variant
  int width = 0, height = 0;  ///< pixels
  auto operator<=>(const StepClass&) const = default;
};

/// Seconds of one step by class and rows in the batch (a guided drawing has two rows). Learns from every step
/// as an exponential moving average that forgets outliers; what was never measured is estimated from the
/// nearest that was (same model by pixels, else any model, else a prior), so that admission can always
/// predict. Remembers a bounded number of classes and models. Deterministic. Not thread-safe: its owner
/// locks.
class CostProfile {
 public:
  void measured_step(const StepClass& step_class, int rows, double seconds);
  double step_seconds(const StepClass& step_class, int rows) const;
  /// Everything that is paid once a picture beside steps: text, decoding, encoding the file.
  void measured_fixed(const StepClass& step_class, double seconds);
  double fixed_seconds(const StepClass& step_class) const;
  void measured_load(const std::string& model, double seconds);
  double load_seconds(const std::string& model) const;

  /// Whether drawing `rows_more` further rows with `rows` is at least 2 % faster than after them. Where it
  /// was not measured: true once in a while, to find out.
  bool batching_pays(const StepClass& step_class, int rows, int rows_more) const;
  /// Whether `rows_more` further rows cost those that are drawn anyway nothing measurable (2 %). Where it was
  /// not measured: false.
  bool company_is_free(const StepClass& step_class, int rows, int rows_more) const;
  /// Seconds of one row's step in the best batch measured, drawings of `rows` rows each, `rows_max` in all.
  double row_seconds(const StepClass& step_class, int rows, int rows_max) const;
  /// Whether a step of the model was ever measured: only then is a prediction more than a guess.
  bool knows(const std::string& model) const;

  /// To start with what was learnt before.
  Json to_json() const;
  /// `invalid` for what to_json() cannot have written: numbers that are not finite and positive, too many
  /// classes.
  static Result<CostProfile> from_json(const Json& json, std::string_view field);

  /// What is remembered at most; what is believed at most.
  static constexpr size_t kClassesMax = 1024;
  static constexpr int kRowsMax = 64, kCountMax = 1 << 20;
  static constexpr double kSecondsMax = 1e6;
  static bool plausible(double seconds);

 private:
  struct Measured {
    double seconds = 0;
    int count = 0;
    void learn(double sample);
  };
  using ByRows = std::map<int, Measured>;

  const std::pair<const StepClass, ByRows>* nearest(const StepClass& step_class) const;
  static double estimate(const ByRows& by_rows, int rows);
  const Measured* find(const StepClass& step_class, int rows) const;

  std::map<StepClass, ByRows> steps_;
  std::map<StepClass, Measured> fixed_;
  std::map<std::string, Measured> loads_;
};

}  // namespace limner
