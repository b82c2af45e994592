#include "jobs/drawing/upkeep.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace limner::drawing {
namespace {

using Steady = std::chrono::steady_clock;

Steady::time_point later(Steady::time_point from, double seconds) {
  return from + std::chrono::duration_cast<Steady::duration>(std::chrono::duration<double>(seconds));
}

}  // namespace

Upkeep::Upkeep(StopSignal& stop, std::vector<Duty> duties) : stop_(stop), duties_(std::move(duties)) {}

Upkeep::~Upkeep() { join(); }

void Upkeep::start() {
  thread_ = std::thread([this] { run(); });
}

void Upkeep::join() {
  if (thread_.joinable()) thread_.join();
}

void Upkeep::run() {
  std::vector<Steady::time_point> due;
  for (const Duty& duty : duties_) due.push_back(later(Steady::now(), duty.every_seconds));
  for (;;) {
    const auto next = std::ranges::min_element(due);
    const double patience = std::chrono::duration<double>(*next - Steady::now()).count();
    if (!stop_.sleep(std::max(0.0, patience))) return;
    const Duty& duty = duties_[static_cast<size_t>(next - due.begin())];
    duty.run();
    *next = later(Steady::now(), duty.every_seconds);
  }
}

}  // namespace limner::drawing
