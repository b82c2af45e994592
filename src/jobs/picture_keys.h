#pragma once
// Where things lie in the store: the only place that makes keys.

#include <string>
#include <string_view>

namespace limner {

/// What keys begin with, by what lies there. Whatever else is in the store is not ours to delete.
inline constexpr std::string_view kPicturePrefix = "pictures/", kUploadPrefix = "uploads/",
                                  kStagePrefix = "stages/";

/// "pictures/TENANT/PIC.png": the tenant in front, so that a bucket policy or a person can tell.
std::string picture_key(std::string_view tenant, std::string_view picture, std::string_view format);
/// "uploads/TENANT/FILE".
std::string upload_key(std::string_view tenant, std::string_view upload);
/// "stages/JOB/INDEX.STAGE".
std::string stage_key(std::string_view job, int picture, std::string_view stage);

}  // namespace limner
