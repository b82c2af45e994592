#include "schedule/cost_profile.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace limner {

namespace {

// A Stable Diffusion 1.5 row of 512x512 takes about a quarter of a second on the machines this was tried on.
// Only used before the first step was measured; low rather than high, so that nothing is called late by a
// guess.
constexpr double kPriorSecondsPerPixelRow = 1e-6;
constexpr double kPriorLoadSeconds = 5;
// The weight of a new sample: a change of the machine is believed after about ten steps.
constexpr double kWeight = 0.1;
// More than this times the average is a hiccup and counts as no more than this.
constexpr double kOutlier = 2;
constexpr double kGain = 0.98, kFree = 1.02;
// A batch size is known after this many steps: the first in a new size pays for building the engine's plans.
constexpr int kKnown = 3;
// One step in so many tries a batch size that is not known.
constexpr int kTryEvery = 8;

double pixels(const StepClass& step_class) {
  return std::max(1.0, double(step_class.width) * double(step_class.height));
}

/// Makes room for one more name by forgetting the one that was measured least.
template <class Map, class CountOf>
void make_room(Map& map, const typename Map::key_type& key, size_t most, CountOf count_of) {
  if (map.size() < most || map.contains(key)) return;
  map.erase(std::min_element(map.begin(), map.end(), [&](const auto& a, const auto& b) {
    return count_of(a.second) < count_of(b.second);
  }));
}

/// The item whose class is most like `wanted` by pixels, of `first` to `last`; `last` if there is none.
template <class Iterator>
Iterator most_alike(Iterator first, Iterator last, const StepClass& wanted) {
  const auto distance = [&](const auto& item) {
    return std::abs(std::log(pixels(item.first) / pixels(wanted)));
  };
  return std::min_element(first, last,
                          [&](const auto& a, const auto& b) { return distance(a) < distance(b); });
}

/// As above, of `map`: the same model's if there are any, else any model's.
template <class Map>
auto most_alike_of(const Map& map, const StepClass& wanted) {
  const auto first = map.lower_bound(StepClass{wanted.model, 0, 0});
  auto last = first;
  while (last != map.end() && last->first.model == wanted.model) ++last;
  return first != last ? most_alike(first, last, wanted) : most_alike(map.begin(), map.end(), wanted);
}

}  // namespace

bool CostProfile::plausible(double seconds) {
  return std::isfinite(seconds) && seconds > 0 && seconds <= kSecondsMax;
}

void CostProfile::Measured::learn(double sample) {
  if (!CostProfile::plausible(sample)) return;
  // Nothing makes a step faster than it is: a much faster one shows that the average was poisoned.
  if (count == 0 || sample * kOutlier < seconds) {
    seconds = sample;
    count = 1;
    return;
  }
  const double weight = std::max(kWeight, 1.0 / (count + 1));
  seconds += weight * (std::min(sample, seconds * kOutlier) - seconds);
  // Halved, not stopped: batching_pays() counts on it going on.
  count = count + 1 == kCountMax ? kCountMax / 2 : count + 1;
}

void CostProfile::measured_step(const StepClass& step_class, int rows, double seconds) {
  if (rows < 1 || rows > kRowsMax || !CostProfile::plausible(seconds)) return;
  make_room(steps_, step_class, kClassesMax, [](const ByRows& by_rows) {
    int64_t count = 0;
    for (const auto& [rows_measured, measured] : by_rows) count += measured.count;
    return count;
  });
  steps_[step_class][rows].learn(seconds);
}

void CostProfile::measured_fixed(const StepClass& step_class, double seconds) {
  if (!CostProfile::plausible(seconds)) return;
  make_room(fixed_, step_class, kClassesMax, [](const Measured& measured) { return measured.count; });
  fixed_[step_class].learn(seconds);
}

void CostProfile::measured_load(const std::string& model, double seconds) {
  if (!CostProfile::plausible(seconds)) return;
  make_room(loads_, model, kClassesMax, [](const Measured& measured) { return measured.count; });
  loads_[model].learn(seconds);
}

const CostProfile::Measured* CostProfile::find(const StepClass& step_class, int rows) const {
  const auto by_rows = steps_.find(step_class);
  if (by_rows == steps_.end()) return nullptr;
  const auto measured = by_rows->second.find(rows);
  return measured == by_rows->second.end() ? nullptr : &measured->second;
}

const std::pair<const StepClass, CostProfile::ByRows>* CostProfile::nearest(
    const StepClass& step_class) const {
  const auto exact = steps_.find(step_class);
  if (exact != steps_.end()) return &*exact;
  const auto like = most_alike_of(steps_, step_class);
  return like == steps_.end() ? nullptr : &*like;
}

/// Between two measured batch sizes a straight line; outside of them in proportion, as if batching gained
/// nothing.
double CostProfile::estimate(const ByRows& by_rows, int rows) {
  const auto above = by_rows.lower_bound(rows);
  if (above != by_rows.end() && (above->first == rows || above == by_rows.begin()))
    return above->second.seconds * rows / above->first;
  const auto below = std::prev(above);
  if (above == by_rows.end()) return below->second.seconds * rows / below->first;
  const double part = double(rows - below->first) / (above->first - below->first);
  return below->second.seconds + part * (above->second.seconds - below->second.seconds);
}

double CostProfile::step_seconds(const StepClass& step_class, int rows) const {
  rows = std::clamp(rows, 1, kRowsMax);
  const auto* like = nearest(step_class);
  if (like == nullptr) return kPriorSecondsPerPixelRow * pixels(step_class) * rows;
  return estimate(like->second, rows) * pixels(step_class) / pixels(like->first);
}

double CostProfile::fixed_seconds(const StepClass& step_class) const {
  const auto exact = fixed_.find(step_class);
  if (exact != fixed_.end()) return exact->second.seconds;
  const auto like = most_alike_of(fixed_, step_class);
  return like == fixed_.end() ? 0 : like->second.seconds * pixels(step_class) / pixels(like->first);
}

double CostProfile::load_seconds(const std::string& model) const {
  const auto exact = loads_.find(model);
  if (exact != loads_.end()) return exact->second.seconds;
  double longest = 0;
  for (const auto& [other, measured] : loads_) longest = std::max(longest, measured.seconds);
  return loads_.empty() ? kPriorLoadSeconds : longest;
}

bool CostProfile::batching_pays(const StepClass& step_class, int rows, int rows_more) const {
  const Measured* alone = find(step_class, rows);
  const Measured* together = find(step_class, rows + rows_more);
  if (together == nullptr || together->count < kKnown)
    return alone != nullptr && alone->count >= kKnown && alone->count % kTryEvery == 0;
  return together->seconds <= kGain * (step_seconds(step_class, rows) + step_seconds(step_class, rows_more));
}

bool CostProfile::company_is_free(const StepClass& step_class, int rows, int rows_more) const {
  const Measured* alone = find(step_class, rows);
  const Measured* together = find(step_class, rows + rows_more);
  if (alone == nullptr || together == nullptr || together->count < kKnown) return false;
  return together->seconds <= kFree * alone->seconds;
}

double CostProfile::row_seconds(const StepClass& step_class, int rows, int rows_max) const {
  rows = std::clamp(rows, 1, kRowsMax);
  double best = step_seconds(step_class, rows) / rows;
  const auto by_rows = steps_.find(step_class);
  if (by_rows == steps_.end()) return best;
  for (const auto& [together, measured] : by_rows->second)
    if (together > rows && together <= rows_max && measured.count >= kKnown)
      best = std::min(best, measured.seconds / together);
  return best;
}

bool CostProfile::knows(const std::string& model) const {
  const auto first = steps_.lower_bound(StepClass{model, 0, 0});
  return first != steps_.end() && first->first.model == model;
}

}  // namespace limner
