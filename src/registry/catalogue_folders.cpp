#include "registry/catalogue_folders.h"

#include <algorithm>
#include <chrono>

#include "base/check.h"
#include "base/model_folders.h"
#include "engine/model_library.h"
#include "engine/plain_name.h"

namespace limner {
namespace {

namespace fs = std::filesystem;

int64_t seconds_of_change(const fs::path& path) {
  std::error_code error;
  const fs::file_time_type time = fs::last_write_time(path, error);
  if (error) return 0;
  const auto since = std::chrono::file_clock::to_sys(time).time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(since).count();
}

bool comes_in_folders(AdapterKind kind) {
  return kind == AdapterKind::controlnet || kind == AdapterKind::vae;
}

bool is_adapter(const fs::path& path, AdapterKind kind) {
  std::error_code error;
  if (comes_in_folders(kind) && fs::is_directory(path, error)) return fs::exists(path / "config.json", error);
  return path.extension() == ".safetensors" && fs::is_regular_file(path, error);
}

}  // namespace

const char* adapter_folder(AdapterKind kind) {
  switch (kind) {
    case AdapterKind::lora:
      return "loras";
    case AdapterKind::embedding:
      return "embeddings";
    case AdapterKind::controlnet:
      return "controlnets";
    case AdapterKind::upscaler:
      return "upscalers";
    case AdapterKind::vae:
      return "vaes";
  }
  LIMNER_CHECK(false, "every kind has a folder");
}

std::vector<ModelEntry> models_in_folders() {
  std::vector<ModelEntry> models;
  for (LibraryModel& found : list_models()) {
    if (!is_plain_name(found.name)) continue;
    ModelEntry entry;
    entry.name = std::move(found.name);
    entry.created = seconds_of_change(found.path);
    entry.path = std::move(found.path);
    models.push_back(std::move(entry));
  }
  return models;
}

std::vector<AdapterEntry> adapters_in_folders(AdapterKind kind) {
  std::vector<AdapterEntry> adapters;
  for (const fs::path& folder : model_folders()) {
    std::error_code error;
    for (const auto& file : fs::directory_iterator(folder / adapter_folder(kind), error)) {
      const fs::path& path = file.path();
      const std::string name =
          path.extension() == ".safetensors" ? path.stem().string() : path.filename().string();
      const bool known = std::ranges::find(adapters, name, &AdapterEntry::name) != adapters.end();
      if (!known && is_plain_name(name) && is_adapter(path, kind)) adapters.push_back({name, path});
    }
  }
  std::ranges::sort(adapters, {}, &AdapterEntry::name);
  return adapters;
}

}  // namespace limner
