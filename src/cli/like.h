#pragma once
// Drawing again what a picture's file says.

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "engine/engine.h"
#include "jobs/noise_watermark.h"

namespace limner {

/// What a file tells: Limner's JSON where there is one, else A1111's text.
struct Recipe {
  DrawingParams params;
  std::string model;                   ///< its name; empty if the file does not tell
  std::string model_sha256;            ///< empty if the file does not tell
  std::string dtype;                   ///< likewise
  std::optional<RecordedNoise> noise;  ///< the watermark in its noise; empty if it has none
  std::vector<std::string> warnings;   ///< fields that mean nothing here, things that must be given again
};

/// `not_found` if the file has no parameters in it.
Result<Recipe> read_recipe(const std::string& path, const char* field);

/// The same of the JSON that is in a file, or in the ledger. `field` names it in errors.
Result<Recipe> recipe_from_json(const Json& json, const std::string& field);

/// A text member of an object; empty if there is none.
std::string text_at(const Json& json, const char* key);

}  // namespace limner
