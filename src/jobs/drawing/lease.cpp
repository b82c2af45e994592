#include "jobs/drawing/lease.h"

namespace limner::drawing {

bool Lease::ask() {
  const std::lock_guard lock(mutex_);
  if (state_ != State::none) return false;
  state_ = State::asked;
  return true;
}

void Lease::answer(bool held) {
  {
    const std::lock_guard lock(mutex_);
    state_ = held ? State::held : State::lost;
  }
  answered_.notify_all();
}

void Lease::give_up() {
  {
    const std::lock_guard lock(mutex_);
    if (state_ == State::asked) state_ = State::lost;
  }
  answered_.notify_all();
}

Lease::State Lease::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

Lease::State Lease::settled() const {
  std::unique_lock lock(mutex_);
  answered_.wait(lock, [this] { return state_ != State::asked; });
  return state_;
}

}  // namespace limner::drawing
