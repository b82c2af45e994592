#pragma once
// What an event loop is made of.

#include "api/http/asio.h"
#include "api/http/event_loop.h"

namespace limner {

struct EventLoop::Native {
  asio::io_context context{1};  // One thread runs it.
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  asio::steady_timer timer{context};
};

}  // namespace limner
