// Any JSON offered as a job: what is accepted survives being written and read again, and what is refused has
// a message that can be written as JSON.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/json.h"
#include "jobs/job_request.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace limner;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Result<Json> json = parse_json(text, "body", {.bytes_max = 1u << 20, .depth_max = 16});
  if (!json) return 0;
  const Result<JobRequest> request = job_request_from_json(*json);
  if (!request) {
    LIMNER_CHECK(!request.error().message.empty(), "an error says what is wrong");
    LIMNER_CHECK(!Json(request.error().text()).dump().empty(), "an error is text");
    return 0;
  }
  LIMNER_CHECK(request->pictures() >= 1 && request->pictures() <= 1000, "pictures are bounded");
  params_of_picture(*request, request->pictures() - 1);
  const Json written = job_request_to_json(*request);
  const Result<Json> stored = parse_json(written.dump(), "body");
  LIMNER_CHECK(stored.has_value(), "what is written is JSON");
  const Result<JobRequest> again = job_request_from_json(*stored);
  LIMNER_CHECK(again.has_value(), "what was accepted is accepted again");
  LIMNER_CHECK(job_request_to_json(*again) == written, "nothing changes on the way");
  return 0;
}
