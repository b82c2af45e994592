#include "schedule/simulated_engine_test.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace limner {

namespace {

double size_factor(const StepClass& step_class) {
  return double(step_class.width) * step_class.height / (512.0 * 512.0);
}

}  // namespace

StepCost row_by_row(double seconds_per_row_of_512) {
  return [=](const StepClass& step_class, int rows) {
    return seconds_per_row_of_512 * size_factor(step_class) * rows;
  };
}

StepCost batches_pay(double seconds_alone_of_512, double fixed) {
  return [=](const StepClass& step_class, int rows) {
    return seconds_alone_of_512 * size_factor(step_class) * (fixed + (1 - fixed) * rows / 2);
  };
}

SimulatedEngine::SimulatedEngine(const SchedulerConfig& config, StepCost cost)
    : config_(config), cost_(std::move(cost)), scheduler_(config, profile_) {}

uint64_t SimulatedEngine::submit(DrawingEntry entry) {
  entry.id = next_id_++;
  entry.submitted = now_;
  if (entry.job.empty()) entry.job = std::to_string(entry.id);
  drawn_[entry.id].entry = entry;
  live_[entry.id] = false;
  scheduler_.add(entry);
  return entry.id;
}

void SimulatedEngine::at(TimeUs at, std::function<void()> what) { events_.emplace(at, std::move(what)); }

void SimulatedEngine::cancel(uint64_t id) {
  scheduler_.remove(id);
  live_.erase(id);
}

void SimulatedEngine::deliver() {
  while (!events_.empty() && events_.begin()->first <= now_) {
    const std::function<void()> what = std::move(events_.begin()->second);
    events_.erase(events_.begin());
    what();
  }
}

void SimulatedEngine::check(const StepDecision& decision) const {
  std::set<uint64_t> seen;
  int rows = 0;
  for (const uint64_t id : decision.step) {
    ASSERT_TRUE(live_.contains(id)) << "an entry that is not in";
    ASSERT_TRUE(seen.insert(id).second) << "an entry twice";
    const DrawingEntry& entry = drawn_.at(id).entry;
    ASSERT_EQ(entry.step_class, drawn_.at(decision.step[0]).entry.step_class);
    ASSERT_FALSE(scheduler_.paused(entry.tier));
    rows += entry.rows;
  }
  ASSERT_TRUE(rows <= config_.rows_max || decision.step.size() == 1);
}

bool SimulatedEngine::step() {
  if (expire_deadlines)
    for (const uint64_t id : scheduler_.expired(now_)) cancel(id);
  const StepDecision decision = scheduler_.decide(now_);
  check(decision);
  if (decision.step.empty() || testing::Test::HasFatalFailure()) return false;
  int rows = 0;
  for (const uint64_t id : decision.step) {
    rows += drawn_.at(id).entry.rows;
    if (!live_.at(id)) {
      scheduler_.opened(id);
      live_.at(id) = true;
      drawn_.at(id).first_step = now_;
    }
  }
  open_most_ = std::max(open_most_, int(scheduler_.open_count()));
  const StepClass& step_class = drawn_.at(decision.step[0]).entry.step_class;
  const double seconds = cost_(step_class, rows);
  now_ += TimeUs(std::llround(seconds * double(kSecondUs)));
  profile_.measured_step(step_class, rows, seconds);
  scheduler_.stepped(decision.step, seconds, now_);
  busy_seconds_ += seconds;
  longest_step_ = std::max(longest_step_, seconds);
  preempted_ += decision.preempted;
  ++step_count_;
  step_drawings_ += int64_t(decision.step.size());
  if (keep_steps) steps_.push_back(decision.step);
  for (const uint64_t id : decision.step) {
    Drawn& drawn = drawn_.at(id);
    const double share = seconds * drawn.entry.rows / rows;
    tenant_seconds_[drawn.entry.tenant] += share;
    tier_seconds_[drawn.entry.tier] += share;
    if (++drawn.steps_done < drawn.entry.steps_left) continue;
    drawn.finished = now_;
    scheduler_.remove(id);
    live_.erase(id);
  }
  return true;
}

void SimulatedEngine::run_until(TimeUs end) {
  while (now_ < end && !testing::Test::HasFatalFailure()) {
    deliver();
    if (step()) continue;
    now_ = events_.empty() ? end : std::min(end, events_.begin()->first);
  }
  deliver();
}

void SimulatedEngine::run_to_end() {
  while (!testing::Test::HasFatalFailure()) {
    deliver();
    if (step()) continue;
    if (events_.empty()) return;
    now_ = events_.begin()->first;
  }
}

double SimulatedEngine::tenant_seconds(const std::string& tenant) const {
  const auto at = tenant_seconds_.find(tenant);
  return at == tenant_seconds_.end() ? 0 : at->second;
}

double SimulatedEngine::occupancy() const {
  return step_count_ == 0 ? 0 : double(step_drawings_) / double(step_count_);
}

double percentile(std::vector<double> values, double part) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const size_t rank = size_t(std::ceil(part * double(values.size())));
  return values[std::clamp<size_t>(rank, 1, values.size()) - 1];
}

}  // namespace limner
