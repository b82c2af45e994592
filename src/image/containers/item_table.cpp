#include "image/containers/item_table.h"

namespace limner {
namespace {

constexpr size_t kBoxesMax = 4096, kItemsMax = 4096, kExtentsMax = 64;

std::string nul_ended_text(ByteReader& in) {
  std::string text;
  while (in.left() > 0) {
    const char c = static_cast<char>(in.u8());
    if (c == '\0') break;
    text.push_back(c);
  }
  return text;
}

// One `infe` box, 8.11.6. Versions below 2 have no item type and no picture uses them.
Item read_entry(const Box& box) {
  ByteReader in(box.body);
  const uint8_t version = in.u8();
  in.skip(3);
  Item item;
  if (version < 2) return item;
  item.id = static_cast<uint32_t>(in.number_be(version == 2 ? 2 : 4));
  in.skip(2);  // protection
  item.type = in.text(4);
  nul_ended_text(in);  // name
  if (item.type == "mime") item.content_type = nul_ended_text(in);
  return item;
}

Result<std::vector<Item>> read_entries(const Box& iinf) {
  ByteReader in(iinf.body);
  const uint8_t version = in.u8();
  in.skip(3 + (version == 0 ? 2 : 4));  // The count is the number of boxes.
  if (in.failed()) return invalid("", "a broken iinf box");
  std::vector<Item> items;
  const std::vector<Box> boxes = TRY(read_boxes(in.take(in.left())));
  if (boxes.size() > kItemsMax) return invalid("", "too many items");
  for (const Box& box : boxes)
    if (box.type == "infe") items.push_back(read_entry(box));
  return items;
}

struct LocationSizes {
  size_t offset, length, base, index;  // in bytes: 0, 4 or 8
};

Result<Item> read_location(ByteReader& in, uint8_t version, const LocationSizes& sizes) {
  Item item;
  item.id = static_cast<uint32_t>(in.number_be(version < 2 ? 2 : 4));
  if (version > 0) item.construction = in.u16_be() & 0xF;
  in.skip(2);  // data reference: always this file
  const uint64_t base = in.number_be(sizes.base);
  const uint16_t count = in.u16_be();
  if (count > kExtentsMax) return invalid("", "an item of too many extents");
  for (uint16_t i = 0; i < count; ++i) {
    in.skip(sizes.index);
    const uint64_t offset = in.number_be(sizes.offset);
    item.extents.push_back({base + offset, in.number_be(sizes.length)});
  }
  return item;
}

Result<std::vector<Item>> read_locations(const Box& iloc) {
  ByteReader in(iloc.body);
  const uint8_t version = in.u8();
  in.skip(3);
  const uint16_t packed = in.u16_be();
  const LocationSizes sizes{size_t(packed >> 12 & 0xF), size_t(packed >> 8 & 0xF), size_t(packed >> 4 & 0xF),
                            version == 0 ? 0 : size_t(packed & 0xF)};
  for (const size_t size : {sizes.offset, sizes.length, sizes.base, sizes.index})
    if (size > 8) return invalid("", "a broken iloc box");
  const uint64_t count = in.number_be(version < 2 ? 2 : 4);
  if (version > 2 || count > kItemsMax) return invalid("", "an iloc box we do not know");
  std::vector<Item> items;
  for (uint64_t i = 0; i < count && !in.failed(); ++i)
    items.push_back(TRY(read_location(in, version, sizes)));
  if (in.failed()) return invalid("", "a broken iloc box");
  return items;
}

}  // namespace

Result<std::vector<Box>> read_boxes(std::span<const std::byte> bytes) {
  std::vector<Box> boxes;
  ByteReader in(bytes);
  while (in.left() > 0) {
    Box box;
    box.begin = in.at();
    uint64_t size = in.u32_be();
    box.type = in.text(4);
    if (size == 1) size = in.number_be(8);
    const size_t header = in.at() - box.begin;
    if (size == 0) size = header + in.left();  // to the end of the file
    if (in.failed() || size < header || boxes.size() >= kBoxesMax) return invalid("", "a broken box");
    box.body = in.take(size - header);
    if (in.failed()) return invalid("", "a box runs past the end of the file");
    box.end = in.at();
    boxes.push_back(box);
  }
  return boxes;
}

const Box* find_box(const std::vector<Box>& boxes, std::string_view type) {
  for (const Box& box : boxes)
    if (box.type == type) return &box;
  return nullptr;
}

Result<std::vector<Item>> read_items(const std::vector<Box>& meta) {
  const Box* iinf = find_box(meta, "iinf");
  const Box* iloc = find_box(meta, "iloc");
  if (!iinf || !iloc) return std::vector<Item>{};
  std::vector<Item> items = TRY(read_entries(*iinf));
  std::vector<Item> locations = TRY(read_locations(*iloc));
  for (Item& item : items)
    for (const Item& location : locations)
      if (location.id == item.id) item.construction = location.construction, item.extents = location.extents;
  return items;
}

}  // namespace limner
