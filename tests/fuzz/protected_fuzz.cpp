// Any bytes offered as a file of protected pictures: what is accepted can be searched, and its size adds up.

#include <span>

#include "base/check.h"
#include "similarity/protected_file.h"
#include "similarity/protected_index.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace limner;
  Result<ProtectedFile> file = parse_protected_file(std::as_bytes(std::span(data, size)), "fuzz");
  if (!file) return 0;
  LIMNER_CHECK(file->whole_bytes + file->torn_bytes == size, "every byte is accounted for");
  for (const ProtectedPicture& picture : file->pictures)
    LIMNER_CHECK(picture.quality <= 100 && picture.name.size() <= kProtectedNameMax,
                 "records are within bounds");
  if (file->pictures.empty()) return 0;
  const PdqHash query = file->pictures.front().hash;
  const ProtectedIndex index(std::move(file->pictures));
  LIMNER_CHECK(!index.near(query, 0).empty(), "what is in the index is found");
  return 0;
}
