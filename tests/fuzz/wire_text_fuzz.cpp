// Short texts that strangers send: what is accepted means the same after it was written and read again. The
// first byte chooses the reader, the rest is its text.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/crypto.h"
#include "base/ids.h"
#include "base/trace.h"
#include "net/http_client.h"
#include "net/url.h"

namespace limner {
namespace {

constexpr std::string_view kField = "text";

void url(std::string_view text) {
  const Result<Url> first = parse_url(text, kField);
  if (!first) return;
  const Result<Url> second = parse_url(first->text(), kField);
  if (!second) return;  // The '/' that was left out may have made it too long.
  LIMNER_CHECK(second->text() == first->text(), "a URL survives");
  LIMNER_CHECK(second->host == first->host && second->port == first->port, "it leads to the same place");
  LIMNER_CHECK(first->host.find_first_of("\r\n /?#@\\") == std::string::npos, "the host is a host");
}

void base64(std::string_view text) {
  const Result<std::string> bytes = from_base64(text, kField, 4096);
  if (!bytes) return;
  LIMNER_CHECK(bytes->size() <= 4096, "the bound holds");
  const Result<std::string> standard = from_base64(to_base64(*bytes), kField, 4096);
  const Result<std::string> url_safe = from_base64(to_base64url(*bytes), kField, 4096);
  LIMNER_CHECK(standard && *standard == *bytes, "bytes survive the standard alphabet");
  LIMNER_CHECK(url_safe && *url_safe == *bytes, "bytes survive the URL-safe alphabet");
}

void percent(std::string_view text) {
  for (const bool plus_is_space : {false, true}) {
    const Result<std::string> bytes = percent_decode(text, kField, plus_is_space);
    if (!bytes) continue;
    const Result<std::string> again = percent_decode(percent_encode(*bytes), kField, plus_is_space);
    LIMNER_CHECK(again && *again == *bytes, "bytes survive percent-encoding");
  }
}

void traceparent(std::string_view text) {
  const std::optional<TraceContext> context = parse_traceparent(text);
  if (!context) return;
  const std::optional<TraceContext> again = parse_traceparent(context->traceparent());
  LIMNER_CHECK(again && again->traceparent() == context->traceparent(), "a trace survives");
}

}  // namespace
}  // namespace limner

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'u':
      limner::url(text);
      break;
    case 'b':
      limner::base64(text);
      break;
    case 'p':
      limner::percent(text);
      break;
    case 't':
      limner::traceparent(text);
      break;
    case 'i':
      limner::is_id(text, "job");
      break;
    case 'a':
      limner::is_public_address(text);
      break;
    default:
      break;
  }
  return 0;
}
