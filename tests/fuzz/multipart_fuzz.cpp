// Any bytes offered as multipart/form-data. Up to the first line feed: the Content-Type's boundary; the rest:
// the body.

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "api/request.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace limner;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t line = std::min(input.find('\n'), size);
  Request request;
  request.headers = {{"content-type", "multipart/form-data; boundary=" + std::string(input.substr(0, line))}};
  request.body = input.substr(std::min(line + 1, size));
  const FormLimits limits{.parts_max = 16, .header_bytes_max = 256, .field_bytes_max = 4096};
  const Result<std::vector<FormPart>> parts = parse_form(request, limits);
  if (!parts) return 0;
  LIMNER_CHECK(parts->size() <= limits.parts_max, "the limit of parts holds");
  const char* end = request.body.data();
  for (const FormPart& part : parts.value()) {
    LIMNER_CHECK(!part.name.empty(), "a part has a name");
    LIMNER_CHECK(part.is_file || part.data.size() <= limits.field_bytes_max, "the limit of fields holds");
    LIMNER_CHECK(part.data.data() >= end, "parts lie behind each other within the body");
    end = part.data.data() + part.data.size();
  }
  LIMNER_CHECK(end <= request.body.data() + request.body.size(), "parts lie within the body");
  return 0;
}
