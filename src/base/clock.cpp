#include "base/clock.h"

#include <chrono>

namespace limner {
namespace {

template <class C>
TimeUs microseconds_of() {
  return std::chrono::duration_cast<std::chrono::microseconds>(C::now().time_since_epoch()).count();
}

}  // namespace

TimeUs SystemClock::now() const { return microseconds_of<std::chrono::system_clock>(); }
TimeUs SystemClock::steady() const { return microseconds_of<std::chrono::steady_clock>(); }

}  // namespace limner
