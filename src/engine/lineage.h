#pragma once
// What a model was made from: lineage.json, which the recipe of the default model (training/) writes beside
// the weights that it exports.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace limner {

/// A package of data that was learned from.
struct LineageSource {
  std::string package, version, registry, sha256, licence, attribution, source;
};

/// What one stage of training did; what a stage did not say is 0 or absent.
struct LineageStage {
  std::string name;
  int64_t steps = 0, samples = 0;
  double seconds = 0;
  std::optional<double> loss;
};

/// Whether a file of weights is the one that the lineage speaks of.
enum class LineageMatch { matches, differs, missing, unchecked };

struct LineageWeights {
  std::string file;  ///< relative to the model's folder, inside it
  std::string sha256;
  LineageMatch match = LineageMatch::unchecked;
};

struct Lineage {
  std::string holds;  ///< in words, what the data is and is not
  std::vector<LineageSource> sources;
  std::vector<LineageStage> stages;
  std::vector<LineageWeights> weights;
};

/// What the text of a lineage.json says, nothing checked yet. `invalid` or `unsupported`, with a field that
/// begins with "lineage.json", if it is not what the recipe writes: another format, a digest that is none, a
/// path that leaves the folder, too much of anything.
Result<Lineage> parse_lineage(std::string_view text);

/// The same of the model at `path`; none where there is no such file or the model is a single file. Errors of
/// read_file() beside.
Result<std::optional<Lineage>> read_lineage(const std::filesystem::path& path);

/// Compares the files of weights in the model's folder with their digests. Reads every byte of them, but for
/// those whose digests are remembered (engine/weights_digest.h); with `remembered_only` the others stay
/// unchecked, which takes no time.
void check_lineage_weights(Lineage& lineage, const std::filesystem::path& path, bool remembered_only);

/// As `limner model show --json` and the service's model registry say it.
Json lineage_json(const Lineage& lineage);

/// "matches", "differs", "missing" or "unchecked".
const char* lineage_match_name(LineageMatch match);

}  // namespace limner
