#include "jobs/picture_keys.h"

#include <fmt/format.h>

namespace limner {

std::string picture_key(std::string_view tenant, std::string_view picture, std::string_view format) {
  return fmt::format("{}{}/{}.{}", kPicturePrefix, tenant, picture, format);
}

std::string upload_key(std::string_view tenant, std::string_view upload) {
  return fmt::format("{}{}/{}", kUploadPrefix, tenant, upload);
}

std::string stage_key(std::string_view job, int picture, std::string_view stage) {
  return fmt::format("{}{}/{}.{}", kStagePrefix, job, picture, stage);
}

}  // namespace limner
