#pragma once
// The answers of ListObjectsV2.

#include <string>
#include <string_view>
#include <vector>

#include "store/store.h"

namespace limner {

/// Some of the objects that were asked for.
struct S3Page {
  std::vector<ObjectInfo> objects;
  std::string next;  ///< asks for the page after this; empty: there is none
};

/// A page from the XML of a ListBucketResult. Keys are returned without `prefix`; what is not a Store key,
/// such as somebody else's file with a space in its name, is left out. `unavailable` for anything but such a
/// result.
Result<S3Page> parse_s3_page(std::string_view xml, std::string_view prefix);

}  // namespace limner
