#pragma once
// Members of a request whose JSON is more than one text or number.

#include <string>

#include "jobs/job_request.h"

namespace limner {

inline constexpr size_t kLorasMax = 16, kControlsMax = 8, kEmbeddingsMax = 32, kTagsMax = 16;
inline constexpr size_t kNameBytesMax = 256, kTagCharactersMax = 64, kUrlBytesMax = 2048;
inline constexpr double kDeadlineSecondsMin = 1, kDeadlineSecondsMax = 30 * 86'400.0;
inline constexpr double kLoraWeightMax = 100, kControlScaleMax = 10;

/// [{"name","weight"}], or texts: "NAME", "NAME:WEIGHT".
Result<void> read_loras(JobRequest& request, const Json& value, const std::string& field);
Json write_loras(const JobRequest& request);
Result<void> read_embeddings(JobRequest& request, const Json& value, const std::string& field);
Json write_embeddings(const JobRequest& request);
/// [{"name","image","scale","start","end"}].
Result<void> read_controls(JobRequest& request, const Json& value, const std::string& field);
Json write_controls(const JobRequest& request);
Result<void> read_init(JobRequest& request, const Json& value, const std::string& field);
Json write_init(const JobRequest& request);
Result<void> read_mask(JobRequest& request, const Json& value, const std::string& field);
Json write_mask(const JobRequest& request);
Result<void> read_outpaint(JobRequest& request, const Json& value, const std::string& field);
Json write_outpaint(const JobRequest& request);
Result<void> read_tier(JobRequest& request, const Json& value, const std::string& field);
Json write_tier(const JobRequest& request);
Result<void> read_tags(JobRequest& request, const Json& value, const std::string& field);
Json write_tags(const JobRequest& request);
Result<void> read_deadline(JobRequest& request, const Json& value, const std::string& field);
Json write_deadline(const JobRequest& request);
Result<void> read_webhook_url(JobRequest& request, const Json& value, const std::string& field);
Json write_webhook_url(const JobRequest& request);

/// The JSON Schema of each.
Json loras_schema();
Json embeddings_schema();
Json controls_schema();
Json picture_schema();
Json outpaint_schema();
Json tier_schema();
Json tags_schema();
Json deadline_schema();
Json webhook_url_schema();

}  // namespace limner
