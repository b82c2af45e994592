#pragma once
// What a job is to do: every task and parameter of `limner generate` and `limner upscale`, under the same
// names.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "engine/params.h"
#include "ledger/jobs.h"

namespace limner {

/// A ControlNet by name, and the picture it sees.
struct ControlRequest {
  std::string name;
  std::string picture;  ///< "file_..." or "pic_..."
  double scale = 1, start = 0, end = 1;
};

/// Pictures are named by id: "file_..." (an upload) or "pic_..." (drawn before); both must be the caller's
/// own.
struct JobRequest {
  std::string task = "generate";  ///< or "upscale": enlarge `init` with `upscaler`
  std::string model;              ///< name or alias; empty: the default
  DrawingParams params;
  int count = 1;   ///< picture i has seed + i
  int frames = 0;  ///< 2 and more: instead of count; frame i is blended by i / (frames - 1)
  std::string dtype, vae;
  std::vector<NamedWeight> loras;  ///< names, or "file_..." of an uploaded one
  std::vector<std::string> embeddings;
  std::vector<ControlRequest> controls;
  std::string init, mask;
  bool invert_mask = false;
  double mask_blur = 0;
  std::string outpaint;
  std::string upscaler;  ///< generate: enlarges each picture after it was drawn
  std::string format = "png";
  int quality = 90;
  bool bare = false;      ///< write no parameters into the file
  int preview_every = 0;  ///< steps between previews sent to whoever listens; 0: none
  // About the job, not the picture:
  Tier tier = Tier::standard;
  std::vector<std::string> tags;  ///< at most 16 of at most 64 characters
  std::optional<double> deadline_seconds;
  std::string webhook_url;

  int pictures() const { return frames > 0 ? frames : count; }
};

/// The JSON of POST /v1/jobs: the keys of the parameter table beside the members above ("controlnets" for
/// controls, each
/// {"name","image","scale","start","end"}; "loras" as [{"name","weight"}] or ["NAME:WEIGHT"]; "size":"WxH"
/// sets width and height; "n" is count). An unknown key, a wrong type, a value out of range is `invalid` and
/// names the key.
Result<JobRequest> job_request_from_json(const Json& json);
/// Everything that goes with the task, so that job_request_from_json() gives the same again. What the ledger
/// keeps.
Json job_request_to_json(const JobRequest& request);

/// A key of the JSON beside those of the parameter table (engine/params.h), shorthands included.
struct RequestField {
  std::string_view name, doc;
  Json schema;  ///< JSON Schema of its value
};
std::span<const RequestField> request_fields();
/// The JSON Schema (2020-12) of POST /v1/jobs: every key with its documentation and bounds, made from the
/// tables.
Json job_request_schema();

/// The parameters of picture `index`: its seed, its share of the way of frames.
DrawingParams params_of_picture(const JobRequest& request, int index);

}  // namespace limner
