#pragma once
// Reading a picture to which nothing happened. Internal to watermark/.

#include <optional>

#include "watermark/carriers.h"
#include "watermark/payload.h"

namespace limner {

/// What read_watermark() finds where it looks first in a whole picture: as it was marked, the tile in its
/// middle. A fraction of the search's work.
std::optional<DecodedId> read_in_place(const Picture& picture, const WatermarkKey& key,
                                       const Carriers& carriers);

}  // namespace limner
