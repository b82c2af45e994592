#include "jobs/remote_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace limner {
namespace {

// Beside what goes to the provider: what concerns the file and the job, which are made here.
constexpr std::array<std::string_view, 13> kHeeded = {
    "task", "prompt", "width", "height",           "count",      "model", "format", "quality",
    "bare", "tier",   "tags",  "deadline_seconds", "webhook_url"};

}  // namespace

Result<void> check_remote_request(const JobRequest& request, const std::string& model) {
  const Json standard = job_request_to_json(JobRequest());
  const Json given = job_request_to_json(request);
  for (const auto& [key, value] : given.items()) {
    if (std::ranges::find(kHeeded, key) != kHeeded.end()) continue;
    if (standard.contains(key) && standard[key] == value) continue;
    return unsupported(key,
                       fmt::format("{} is drawn elsewhere and is told prompt, size and count only", model),
                       "leave it away, or choose another model");
  }
  if (request.params.width.has_value() != request.params.height.has_value())
    return invalid("size", fmt::format("{} needs width and height, or neither", model));
  return {};
}

}  // namespace limner
