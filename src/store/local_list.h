#pragma once
// The objects of a local store in order of key.

#include <functional>
#include <string_view>

#include "store/store.h"

namespace limner {

/// See Store::list. `root` is an open folder.
Result<void> list_objects(int root, std::string_view prefix,
                          const std::function<bool(const ObjectInfo&)>& see);

}  // namespace limner
