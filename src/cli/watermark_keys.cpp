#include "cli/watermark_keys.h"

#include "cli/data_folder.h"
#include "jobs/picture_tracer.h"
#include "watermark/key_file.h"

namespace limner {

Result<std::vector<WatermarkKey>> watermark_keys(const std::filesystem::path& named,
                                                 const MarkingConfig& marking) {
  if (!named.empty()) return std::vector<WatermarkKey>{TRY(read_watermark_key(named))};
  std::vector<WatermarkKey> keys = TRY(known_watermark_keys(marking));
  Result<WatermarkKey> own = read_watermark_key(default_watermark_key_path());
  if (own)
    keys.push_back(std::move(*own));
  else if (own.error().code != Code::not_found)
    return std::move(own).error();
  return keys;
}

}  // namespace limner
