#pragma once
// A job with all that belongs to it.

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "ledger/jobs.h"

namespace limner {

/// A picture's file in memory.
using SharedFile = std::shared_ptr<const std::vector<std::byte>>;

/// A job with all that is known of it.
struct JobView {
  Job job;
  std::vector<PictureRow> pictures;
  int held = 0, refused = 0;  ///< pictures that were drawn and are not given out, so not among `pictures`
  std::optional<UsageRow> usage;
  int position = 0;  ///< while queued: jobs in front of it
  /// The files of `pictures` where they are still in memory, in the same order; else empty.
  std::vector<SharedFile> files = {};
};

}  // namespace limner
