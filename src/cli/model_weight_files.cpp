#include "cli/model_weight_files.h"

#include <algorithm>

#include "base/model_folders.h"
#include "base/sealed_weights.h"

namespace limner {
namespace {

namespace fs = std::filesystem;

Result<std::vector<fs::path>> safetensors_below(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (auto at = fs::recursive_directory_iterator(folder, error); !error && at != fs::end(at);
       at.increment(error))
    if (at->path().extension() == ".safetensors" && at->is_regular_file(error)) files.push_back(at->path());
  if (error) return Error{Code::unavailable, folder.string(), "cannot be read: " + error.message(), {}};
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

Result<std::vector<fs::path>> weight_files_below(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return std::vector<fs::path>{path};
  std::vector<fs::path> files = TRY(safetensors_below(path));
  if (files.empty()) return not_found(path.string(), "has no .safetensors files");
  return files;
}

Result<std::vector<fs::path>> sealed_weights_in_model_folders() {
  std::vector<fs::path> sealed;
  for (const fs::path& folder : model_folders())
    for (const fs::path& file : TRY(safetensors_below(folder)))
      if (TRY(is_sealed_weights(file))) sealed.push_back(file);
  return sealed;
}

}  // namespace limner
