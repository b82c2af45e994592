#include "base/model_folders.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

namespace limner {
namespace {

namespace fs = std::filesystem;

void add(std::vector<fs::path>& folders, const fs::path& folder) {
  std::error_code error;
  const fs::path whole = fs::canonical(folder, error);
  if (error || !fs::is_directory(whole, error)) return;
  if (std::find(folders.begin(), folders.end(), whole) == folders.end()) folders.push_back(whole);
}

}  // namespace

fs::path user_models_folder() {
  if (const char* data = std::getenv("XDG_DATA_HOME"); data && *data)
    return fs::path(data) / "limner" / "models";
  const char* home = std::getenv("HOME");
  return fs::path(home && *home ? home : ".") / ".local" / "share" / "limner" / "models";
}

std::vector<fs::path> model_folders() {
  std::vector<fs::path> folders;
  if (const char* listed = std::getenv("LIMNER_MODELS")) {
    std::string_view rest = listed;
    while (!rest.empty()) {
      const size_t colon = rest.find(':');
      if (const std::string_view folder = rest.substr(0, colon); !folder.empty()) add(folders, folder);
      rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
    }
  }
  add(folders, "models");
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (!error) {
    add(folders, program.parent_path() / "models");
    add(folders, program.parent_path().parent_path() / "models");
    add(folders, program.parent_path().parent_path() / "share" / "limner" / "models");
  }
  add(folders, user_models_folder());
  return folders;
}

}  // namespace limner
