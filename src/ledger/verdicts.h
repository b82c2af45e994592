#pragma once
// What policies said of jobs: which check objected to which text or picture, and whether it may be given out.

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"

namespace limner {

/// Whether something may go on its way. From lenient to strict; the numbers are in the ledger: never
/// renumber.
enum class Standing : uint8_t {
  passed = 0,
  held = 1,    ///< a person is to decide
  refused = 2  ///< not drawn, not given out
};
const char* standing_name(Standing standing);  ///< "passed", "held", "refused"

/// What was looked at. The numbers are in the ledger: never renumber.
enum class VerdictStage : uint8_t {
  prompt = 0,
  input = 1,  ///< a picture to draw over
  output = 2  ///< a picture that was drawn
};
const char* verdict_stage_name(VerdictStage stage);  ///< "prompt", "input", "output"

/// What a policy said of one text or picture of a job.
struct VerdictRow {
  std::string job;
  VerdictStage stage = VerdictStage::prompt;
  std::string subject;  ///< "pic_...", "file_...", "preview_0"; empty for the prompt
  Standing standing = Standing::held;
  std::string policy;                ///< its version
  std::vector<std::string> rules;    ///< names of those that object, strictest first
  std::vector<std::string> reasons;  ///< as the requester is told
  double risk = 0;                   ///< the highest score of any category, 0 to 1
  Json categories = Json::object();  ///< as verdict_json() of policy/verdict.h has them
  TimeUs created = 0;
  bool sampled = false;  ///< it passed, and a person is to look at it all the same
};

}  // namespace limner
