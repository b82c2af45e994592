#include "net/connection_pool.h"

#include <algorithm>

#include "base/check.h"

namespace limner {

CurlHandles::CurlHandles() : multi(curl_multi_init()), easy(curl_easy_init()) {
  LIMNER_CHECK(multi && easy, "libcurl has memory for a handle");
  // The connections kept are for the origins of one handle; ever other origins must not pile up sockets.
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 2L);
}

CurlHandles::~CurlHandles() {
  curl_easy_cleanup(easy);
  curl_multi_cleanup(multi);
}

ConnectionPool::ConnectionPool() {
  LIMNER_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK, "libcurl starts");
}

ConnectionPool::~ConnectionPool() {
  idle_.clear();
  curl_global_cleanup();
}

std::unique_ptr<CurlHandles> ConnectionPool::take(const std::string& origin, bool checked) {
  {
    const std::lock_guard lock(mutex_);
    auto found = std::ranges::find_if(
        idle_, [&](const Idle& idle) { return idle.checked == checked && idle.origin == origin; });
    if (found == idle_.end()) found = std::ranges::find(idle_, checked, &Idle::checked);
    if (found != idle_.end()) {
      std::unique_ptr<CurlHandles> handles = std::move(found->handles);
      idle_.erase(found);
      return handles;
    }
  }
  return std::make_unique<CurlHandles>();
}

void ConnectionPool::put(std::unique_ptr<CurlHandles> handles, std::string origin, bool checked) {
  // Closed outside of the lock: closing a TLS connection says goodbye over the network.
  std::unique_ptr<CurlHandles> surplus;
  const std::lock_guard lock(mutex_);
  if (idle_.size() == kIdleMax) {
    surplus = std::move(idle_.front().handles);
    idle_.erase(idle_.begin());
  }
  idle_.push_back({std::move(handles), std::move(origin), checked});
}

}  // namespace limner
