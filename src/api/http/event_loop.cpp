#include "api/http/event_loop.h"

#include <chrono>

#include "api/http/event_loop_native.h"

namespace limner {
namespace {

void tick_again(asio::steady_timer& timer, std::chrono::nanoseconds period,
                std::shared_ptr<std::function<void()>> tick) {
  timer.expires_after(period);
  timer.async_wait([&timer, period, tick](const SocketError& error) {
    if (error) return;
    (*tick)();
    tick_again(timer, period, tick);
  });
}

}  // namespace

EventLoop::EventLoop() : native_(std::make_unique<Native>()) {}
EventLoop::~EventLoop() = default;

void EventLoop::post(std::function<void()> task) { asio::post(native_->context, std::move(task)); }

void EventLoop::every(double seconds, std::function<void()> tick) {
  const auto period =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds));
  tick_again(native_->timer, period, std::make_shared<std::function<void()>>(std::move(tick)));
}

void EventLoop::run() { native_->context.run(); }
void EventLoop::stop() { native_->context.stop(); }

}  // namespace limner
