#pragma once
// A client's connection as a stream of bytes, encrypted or not.

#include <cstddef>
#include <functional>
#include <string_view>

namespace limner {

/// Belongs to one event loop and is used on its thread only. One read and one write may be under way at a
/// time; each calls back once, later, on the loop - `ok` false: the other side is gone or the transport was
/// closed.
class Transport {
 public:
  using Done = std::function<void(bool ok, size_t bytes)>;
  virtual ~Transport() = default;
  virtual void handshake(std::function<void(bool ok)> done) = 0;
  virtual void read_some(char* data, size_t size, Done done) = 0;
  /// Sends from the beginning of `first`, then of `second`, as much as goes at once. Both must live until
  /// then.
  virtual void write_some(std::string_view first, std::string_view second, Done done) = 0;
  /// Tells the other side that nothing more will come.
  virtual void finish_sending() = 0;
  virtual void close() = 0;
};

}  // namespace limner
