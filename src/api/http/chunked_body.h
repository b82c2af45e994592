#pragma once
// A body in chunks (RFC 9112, section 7.1), taken apart as it comes.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace limner {

/// Feeds on pieces of any size. Chunk extensions and trailers are skipped, within `line_bytes_max` and
/// `trailer_bytes_max`.
class ChunkedBody {
 public:
  static constexpr size_t kLineBytesMax = 1024, kTrailerBytesMax = 8192;

  /// Takes from `input` what belongs to this body and appends its data to `body`, at most `bytes_max` in all;
  /// how many bytes of `input` were used. `invalid` with field "body" for anything that is not the format,
  /// `too_large` beyond `bytes_max`.
  Result<size_t> feed(std::string_view input, std::string& body, size_t bytes_max);
  /// The last chunk and its trailers are read.
  bool complete() const { return state_ == State::done; }

 private:
  enum class State { size, data, data_end, trailer, done };
  Result<void> take_line();
  State state_ = State::size;
  std::string line_;
  uint64_t left_ = 0;
  size_t trailer_bytes_ = 0;
};

}  // namespace limner
