#include "api/http/handler_pool.h"

namespace limner {

HandlerPool::HandlerPool(int threads, size_t waiting_max) : tasks_(waiting_max) {
  for (int i = 0; i < threads; ++i)
    threads_.emplace_back([this] {
      while (std::optional<std::function<void()>> task = tasks_.pop()) (*task)();
    });
}

void HandlerPool::stop() {
  tasks_.close();
  threads_.clear();
}

}  // namespace limner
