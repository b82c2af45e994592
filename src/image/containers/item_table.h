#pragma once
// The table of items in an ISO base media file (AVIF): what is in the file, of which type, and where its
// bytes lie.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "image/containers/byte_reader.h"

namespace limner {

/// A box: its type, and where it lies in the file, header included.
struct Box {
  std::string_view type;
  size_t begin = 0, end = 0;
  std::span<const std::byte> body;  ///< without size and type; borrowed from the file
};

/// The boxes in `bytes`, in order. At most 4096; one that runs past the end is `invalid`.
Result<std::vector<Box>> read_boxes(std::span<const std::byte> bytes);

/// The first box of that type, if any. The pointer lives as long as `boxes`.
const Box* find_box(const std::vector<Box>& boxes, std::string_view type);

/// Where a part of an item lies: in the file, or in the `idat` box of the same meta box.
struct Extent {
  uint64_t offset = 0, length = 0;  ///< length 0 is "to the end of the file", which no metadata item uses
};

/// One item, joined from `iinf` and `iloc`.
struct Item {
  uint32_t id = 0;
  std::string type, content_type;  ///< "Exif"; "mime" with "application/rdf+xml" for XMP; "av01" for pixels
  uint8_t construction = 0;        ///< 0: offsets are of the file; 1: of idat
  std::vector<Extent> extents;
};

/// Reads the children of a `meta` box (ISO/IEC 14496-12, 8.11.3 and 8.11.6). At most 4096 items of 64 extents
/// each.
Result<std::vector<Item>> read_items(const std::vector<Box>& meta);

}  // namespace limner
