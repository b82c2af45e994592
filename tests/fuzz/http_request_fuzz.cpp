// Any bytes from a socket: a head, then what follows as its body in chunks, fed in pieces of two sizes that
// must agree.

#include <cstdint>
#include <string>
#include <string_view>

#include "api/http/chunked_body.h"
#include "api/http/request_head.h"
#include "base/check.h"

namespace {

using namespace limner;

struct Fed {
  bool good = true, complete = false;
  std::string body;
};

Fed feed(std::string_view input, size_t piece) {
  ChunkedBody chunks;
  Fed fed;
  while (!input.empty() && fed.good && !chunks.complete()) {
    const Result<size_t> used = chunks.feed(input.substr(0, piece), fed.body, 4096);
    fed.good = used.has_value();
    LIMNER_CHECK(!used || used.value() <= std::min(piece, input.size()), "no more is used than was given");
    if (used) input.remove_prefix(used.value());
  }
  LIMNER_CHECK(fed.body.size() <= 4096, "the limit holds");
  fed.complete = chunks.complete();
  return fed;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  size_t scanned = 0;
  const size_t end = find_head_end(input, scanned);
  if (end == 0) return 0;
  const auto parsed = parse_request_head(input.substr(0, end), {});
  const auto* head = std::get_if<RequestHead>(&parsed);
  if (head == nullptr) {
    LIMNER_CHECK(std::get<Refusal>(parsed).status >= 400, "what is refused has a status");
    return 0;
  }
  LIMNER_CHECK(!(head->chunked && head->content_length), "there is one length");
  LIMNER_CHECK(head->path.find('\0') == head->path.npos, "no zero bytes");
  const Fed whole = feed(input.substr(end), size), bytewise = feed(input.substr(end), 1);
  LIMNER_CHECK(whole.good == bytewise.good && whole.complete == bytewise.complete, "pieces do not matter");
  LIMNER_CHECK(!whole.good || whole.body == bytewise.body, "nor to the body");
  return 0;
}
