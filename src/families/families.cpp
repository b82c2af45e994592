#include <fmt/format.h>

#include "families/family.h"

namespace limner {

extern const Family kSd1;
extern const Family kSd2;
extern const Family kSdxl;
extern const Family kSdxlRefiner;

std::span<const Family* const> families() {
  static constexpr const Family* kFamilies[] = {&kSdxlRefiner, &kSdxl, &kSd2, &kSd1};
  return kFamilies;
}

Result<const Family*> recognise_family(const ModelFiles& files) {
  std::string known;
  for (const Family* family : families()) {
    if (family->recognises(files)) return family;
    known += known.empty() ? "" : ", ";
    known += family->title;
  }
  return unsupported("model", fmt::format("{} ({}) belongs to no known family: {}", files.name,
                                          files.pipeline_class, known));
}

}  // namespace limner
