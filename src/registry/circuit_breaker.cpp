#include <algorithm>

#include "registry/provider.h"

namespace limner {

CircuitBreaker::CircuitBreaker(int failures, TimeUs open_us)
    : failures_max_(std::max(1, failures)), open_us_(open_us) {}

CircuitBreaker::State CircuitBreaker::state(TimeUs now) const {
  if (failures_ < failures_max_) return State::closed;
  return now - opened_ < open_us_ ? State::open : State::half_open;
}

bool CircuitBreaker::allow(TimeUs now) {
  const State current = state(now);
  if (current != State::half_open) return current == State::closed;
  if (trying_) return false;
  trying_ = true;
  return true;
}

void CircuitBreaker::succeeded(TimeUs) {
  failures_ = 0;
  trying_ = false;
}

void CircuitBreaker::failed(TimeUs now) {
  // Those that went out before it opened and fail now say nothing new: they do not keep it open for longer.
  if (state(now) == State::open) return;
  failures_ = std::min(failures_ + 1, failures_max_);
  trying_ = false;
  if (failures_ == failures_max_) opened_ = now;
}

}  // namespace limner
