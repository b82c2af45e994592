// AVIF: EXIF and XMP are items beside the picture's (ISO/IEC 23008-12, annex A), bound to it by a cdsc
// reference.

#include <algorithm>

#include "image/containers/containers.h"
#include "image/containers/exif_comment.h"
#include "image/containers/item_table.h"
#include "image/containers/xmp_packet.h"

namespace limner {
namespace {

constexpr std::string_view kXmpType = "application/rdf+xml";
constexpr size_t kFullBoxHeader = 4;  // version and flags

Bytes serialized_box(std::string_view type, std::span<const std::byte> body) {
  ByteWriter out;
  out.u32_be(static_cast<uint32_t>(8 + body.size())).text(type).bytes(body);
  return out.take();
}

Result<std::vector<Box>> meta_children(const Box& meta) {
  if (meta.body.size() < kFullBoxHeader) return invalid("", "a broken meta box");
  return read_boxes(meta.body.subspan(kFullBoxHeader));
}

// The item's bytes put together; empty if they lie outside the file.
Bytes item_data(const Item& item, std::span<const std::byte> file, const std::vector<Box>& meta) {
  std::span<const std::byte> source = file;
  if (item.construction == 1) {
    const Box* idat = find_box(meta, "idat");
    source = idat ? idat->body : std::span<const std::byte>{};
  }
  Bytes data;
  for (const Extent& extent : item.extents) {
    if (extent.offset > source.size() || extent.length > source.size() - extent.offset) return {};
    if (extent.length > file.size() - std::min(file.size(), data.size())) return {};  // extents may overlap
    const auto part = source.subspan(extent.offset, extent.length);
    data.insert(data.end(), part.begin(), part.end());
  }
  return data;
}

struct NewItem {
  uint32_t id;
  std::string_view type, content_type;
  Bytes data;
};

// The pieces of a meta box that grow when items are added.
struct MetaPieces {
  std::vector<Box> children;
  std::vector<Item> items;
  uint32_t primary = 0;
};

Result<MetaPieces> take_apart(const Box& meta) {
  MetaPieces pieces;
  pieces.children = TRY(meta_children(meta));
  pieces.items = TRY(read_items(pieces.children));
  const Box* pitm = find_box(pieces.children, "pitm");
  if (!pitm || pieces.items.empty()) return invalid("", "an AVIF without items");
  ByteReader in(pitm->body);
  const uint8_t version = in.u8();
  in.skip(3);
  pieces.primary = static_cast<uint32_t>(in.number_be(version == 0 ? 2 : 4));
  return pieces;
}

// iinf with one infe (version 2) more for each new item. Ours is the encoder's own version 0: a 16-bit count.
Bytes grown_iinf(const Box& old, const std::vector<NewItem>& added) {
  ByteReader in(old.body);
  ByteWriter out;
  out.bytes(in.take(kFullBoxHeader));
  out.u16_be(static_cast<uint16_t>(in.u16_be() + added.size()));
  out.bytes(in.take(in.left()));
  for (const NewItem& item : added) {
    ByteWriter entry;
    entry.u32_be(2u << 24).u16_be(static_cast<uint16_t>(item.id)).u16_be(0).text(item.type).u8(0);
    if (!item.content_type.empty()) entry.text(item.content_type).u8(0);
    out.bytes(serialized_box("infe", entry.view()));
  }
  return serialized_box("iinf", out.view());
}

// iloc, version 1 with 32-bit offsets; what lies in the file has moved by `shift`.
Bytes grown_iloc(const std::vector<Item>& items, const std::vector<NewItem>& added, uint64_t shift,
                 uint64_t data_at) {
  ByteWriter out;
  out.u32_be(1u << 24).u16_be(0x4400).u16_be(static_cast<uint16_t>(items.size() + added.size()));
  for (const Item& item : items) {
    out.u16_be(static_cast<uint16_t>(item.id)).u16_be(item.construction).u16_be(0);
    out.u16_be(static_cast<uint16_t>(item.extents.size()));
    for (const Extent& extent : item.extents) {
      out.u32_be(static_cast<uint32_t>(extent.offset + (item.construction == 0 ? shift : 0)));
      out.u32_be(static_cast<uint32_t>(extent.length));
    }
  }
  for (const NewItem& item : added) {
    out.u16_be(static_cast<uint16_t>(item.id)).u16_be(0).u16_be(0).u16_be(1);
    out.u32_be(static_cast<uint32_t>(data_at)).u32_be(static_cast<uint32_t>(item.data.size()));
    data_at += item.data.size();
  }
  return serialized_box("iloc", out.view());
}

// iref with a "describes the content of" reference from each new item to the picture.
Bytes grown_iref(const Box* old, const std::vector<NewItem>& added, uint32_t primary) {
  ByteWriter out;
  if (old)
    out.bytes(old->body);
  else
    out.u32_be(0);
  for (const NewItem& item : added) {
    ByteWriter reference;
    reference.u16_be(static_cast<uint16_t>(item.id)).u16_be(1).u16_be(static_cast<uint16_t>(primary));
    out.bytes(serialized_box("cdsc", reference.view()));
  }
  return serialized_box("iref", out.view());
}

Bytes grown_meta(const Box& meta, const MetaPieces& pieces, const std::vector<NewItem>& added, uint64_t shift,
                 uint64_t data_at) {
  ByteWriter out;
  out.bytes(meta.body.first(kFullBoxHeader));
  for (const Box& child : pieces.children) {
    if (child.type == "iinf") {
      out.bytes(grown_iinf(child, added));
    } else if (child.type == "iloc") {
      out.bytes(grown_iloc(pieces.items, added, shift, data_at));
    } else if (child.type != "iref") {
      out.bytes(meta.body.subspan(kFullBoxHeader + child.begin, child.end - child.begin));
    }
  }
  out.bytes(grown_iref(find_box(pieces.children, "iref"), added, pieces.primary));
  return serialized_box("meta", out.view());
}

std::vector<NewItem> items_for(const FileMetadata& texts, uint32_t next_id) {
  std::vector<NewItem> added;
  if (!texts.infotext.empty()) {
    ByteWriter exif;
    exif.u32_be(0).bytes(write_exif_comment(texts.infotext));  // The TIFF header follows at once.
    added.push_back({next_id++, "Exif", "", exif.take()});
  }
  if (texts.in_xmp()) {
    ByteWriter xmp;
    xmp.text(write_xmp_packet(texts.limner_json, texts.digital_source_type));
    added.push_back({next_id, "mime", kXmpType, xmp.take()});
  }
  return added;
}

}  // namespace

Result<FileMetadata> read_avif(std::span<const std::byte> file) {
  FileMetadata texts;
  const std::vector<Box> boxes = TRY(read_boxes(file));
  const Box* meta = find_box(boxes, "meta");
  if (!meta) return invalid("", "an AVIF without a meta box");
  const std::vector<Box> children = TRY(meta_children(*meta));
  const std::vector<Item> items = TRY(read_items(children));
  for (const Item& item : items) {
    const bool exif = item.type == "Exif", xmp = item.type == "mime" && item.content_type == kXmpType;
    if (!(exif && texts.infotext.empty()) && !(xmp && !texts.in_xmp())) continue;
    const Bytes data = item_data(item, file, children);
    if (xmp) {
      texts.limner_json = read_xmp_packet(as_text(data));
      texts.digital_source_type = read_xmp_source_type(as_text(data));
    }
    ByteReader in(data);
    const uint32_t skipped = in.u32_be();  // from behind itself to the TIFF header
    in.skip(skipped);
    if (exif) texts.infotext = read_exif_comment(in.take(in.left()));
  }
  return texts;
}

Result<Bytes> write_avif(std::span<const std::byte> file, const FileMetadata& texts) {
  const std::vector<Box> boxes = TRY(read_boxes(file));
  const Box* meta = find_box(boxes, "meta");
  if (!meta) return invalid("", "an AVIF without a meta box");
  const MetaPieces pieces = TRY(take_apart(*meta));
  uint32_t id_max = 0;
  for (const Item& item : pieces.items) id_max = std::max(id_max, item.id);
  const std::vector<NewItem> added = items_for(texts, id_max + 1);

  // The box's size does not depend on the offsets in it, so a first draft tells how far everything behind it
  // moves.
  const uint64_t shift =
      grown_meta(*meta, pieces, added, 0, 0).size() - static_cast<uint64_t>(meta->end - meta->begin);
  ByteWriter out;
  out.bytes(file.first(meta->begin));
  out.bytes(grown_meta(*meta, pieces, added, shift, file.size() + shift + 8));
  out.bytes(file.subspan(meta->end));
  ByteWriter data;
  for (const NewItem& item : added) data.bytes(item.data);
  out.bytes(serialized_box("mdat", data.view()));
  return out.take();
}

}  // namespace limner
