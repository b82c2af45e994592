#include "api/http/chunked_body.h"

#include <algorithm>
#include <charconv>

#include "api/http/header_text.h"

namespace limner {
namespace {

Result<uint64_t> chunk_size(std::string_view line) {
  uint64_t size = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
  if (error != std::errc() || line.empty()) return invalid("body", "a chunk without its size");
  const std::string_view rest = trimmed({end, static_cast<size_t>(line.data() + line.size() - end)});
  if (!rest.empty() && rest.front() != ';') return invalid("body", "a chunk size that is no number");
  if (std::ranges::any_of(rest, is_control)) return invalid("body", "a control character in a chunk's line");
  return size;
}

}  // namespace

Result<void> ChunkedBody::take_line() {
  if (!line_.ends_with("\r\n")) return invalid("body", "a chunk's line that ends in a bare line feed");
  const std::string_view line = std::string_view(line_).substr(0, line_.size() - 2);
  if (line.find('\r') != line.npos) return invalid("body", "a bare carriage return");
  if (state_ == State::size) {
    left_ = TRY(chunk_size(line));
    state_ = left_ > 0 ? State::data : State::trailer;
  } else if (state_ == State::data_end) {
    if (!line.empty()) return invalid("body", "a chunk that is longer than it says");
    state_ = State::size;
  } else if (line.empty()) {
    state_ = State::done;
  } else {
    trailer_bytes_ += line_.size();
    if (trailer_bytes_ > kTrailerBytesMax) return Error{Code::too_large, "body", "trailers too long", {}};
  }
  line_.clear();
  return {};
}

Result<size_t> ChunkedBody::feed(std::string_view input, std::string& body, size_t bytes_max) {
  size_t used = 0;
  while (used < input.size() && state_ != State::done) {
    const std::string_view rest = input.substr(used);
    if (state_ == State::data) {
      const size_t take = static_cast<size_t>(std::min<uint64_t>(left_, rest.size()));
      if (left_ > bytes_max - body.size())
        return Error{Code::too_large, "body", "more than this endpoint takes", {}};
      body.append(rest.substr(0, take));
      used += take;
      left_ -= take;
      if (left_ == 0) state_ = State::data_end;
      continue;
    }
    const size_t end = rest.find('\n');
    const size_t take = end == rest.npos ? rest.size() : end + 1;
    if (line_.size() + take > kLineBytesMax) return invalid("body", "a chunk's line too long");
    line_.append(rest.substr(0, take));
    used += take;
    if (end != rest.npos) TRY(take_line());
  }
  return used;
}

}  // namespace limner
