#pragma once
// libcurl's handles, each with the connections that it keeps open, lent to one transfer at a time.

#include <curl/curl.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace limner {

/// One transfer at a time. The connections that stay open after a transfer belong to the multi handle.
struct CurlHandles {
  CurlHandles();
  ~CurlHandles();
  CurlHandles(const CurlHandles&) = delete;
  CurlHandles& operator=(const CurlHandles&) = delete;

  CURLM* multi;
  CURL* easy;
};

/// Keeps up to kIdleMax idle handles. Thread-safe.
class ConnectionPool {
 public:
  static constexpr size_t kIdleMax = 16;

  ConnectionPool();
  ~ConnectionPool();
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;

  /// An idle handle, best one that talked to `origin` before, or a new one. Handles whose connections were
  /// checked against an address rule are never mixed with others: an open connection is not checked again.
  std::unique_ptr<CurlHandles> take(const std::string& origin, bool checked);
  /// Gives the handle back, or closes it if enough are idle.
  void put(std::unique_ptr<CurlHandles> handles, std::string origin, bool checked);

 private:
  struct Idle {
    std::unique_ptr<CurlHandles> handles;
    std::string origin;
    bool checked;
  };

  std::mutex mutex_;
  std::vector<Idle> idle_;
};

}  // namespace limner
