#include "provenance/jumbf/box.h"

#include <fmt/format.h>

#include <algorithm>

#include "provenance/byte_cursor.h"

namespace limner {
namespace {

using namespace std::string_view_literals;

// C2PA's types are four letters and this (C2PA 2.4, 11.1.4).
constexpr std::string_view kUuidTail = "\x00\x11\x00\x10\x80\x00\x00\xAA\x00\x38\x9B\x71"sv;
constexpr uint8_t kRequestable = 1, kHasLabel = 2, kHasId = 4, kHasHash = 8;

class Reader {
 public:
  explicit Reader(std::string_view field) : field_(field) {}

  Result<Jumbf> superbox(std::string_view bytes, int depth) {
    if (depth > kJumbfDepthMax) return wrong(fmt::format("JUMBF deeper than {}", kJumbfDepthMax));
    Jumbf box;
    box.bytes = bytes;
    ByteCursor in(bytes);
    const JumbfContent description = TRY(next(in));
    if (description.type != "jumd") return wrong("a JUMBF box without a description");
    TRY(describe(box, description.bytes));
    while (in.left() > 0) {
      const JumbfContent content = TRY(next(in));
      if (content.type == "jumb")
        box.boxes.push_back(TRY(superbox(content.bytes, depth + 1)));
      else if (content.type != "free")
        box.contents.push_back(content);
    }
    TRY(check_labels(box));
    return box;
  }

  Result<JumbfContent> next(ByteCursor& in) {
    if (++boxes_ > kJumbfBoxesMax) return wrong(fmt::format("more than {} JUMBF boxes", kJumbfBoxesMax));
    const uint32_t size = in.big_endian(4);
    JumbfContent content;
    content.type = in.take(4);
    if (size < 8) return wrong(fmt::format("a JUMBF box says it has {} bytes", size));
    content.bytes = in.take(size - 8);
    if (in.failed()) return wrong("a JUMBF box runs past the end");
    return content;
  }

  Error wrong(std::string message) const { return invalid(std::string(field_), std::move(message)); }

 private:
  Result<void> describe(Jumbf& box, std::string_view bytes) {
    ByteCursor in(bytes);
    box.kind = in.take(16);
    if (box.kind.size() == 16 && box.kind.substr(4) == kUuidTail) box.kind = box.kind.substr(0, 4);
    const uint32_t toggles = in.big_endian(1);
    if (in.failed()) return wrong("a JUMBF description is cut short");
    if (!(toggles & kHasLabel)) return {};
    const std::string_view rest = bytes.substr(in.at());
    const size_t end = rest.find('\0');
    if (end == rest.npos) return wrong("a JUMBF label without an end");
    box.label = rest.substr(0, end);
    size_t behind = 0;
    if (toggles & kHasId) behind += 4;
    if (toggles & kHasHash) behind += 32;
    if (rest.size() - end - 1 < behind) return wrong("a JUMBF description is cut short");
    return {};
  }

  // A URI names a box by its label, so a second one of that label could be checked in place of the first.
  Result<void> check_labels(const Jumbf& box) const {
    std::vector<std::string_view> labels;
    for (const Jumbf& child : box.boxes)
      if (!child.label.empty()) labels.push_back(child.label);
    std::sort(labels.begin(), labels.end());
    if (std::adjacent_find(labels.begin(), labels.end()) != labels.end())
      return wrong("two JUMBF boxes of one label");
    return {};
  }

  std::string_view field_;
  size_t boxes_ = 0;
};

}  // namespace

const Jumbf* Jumbf::find(std::string_view child_label) const {
  for (const Jumbf& box : boxes)
    if (box.label == child_label) return &box;
  return nullptr;
}

std::string_view Jumbf::only_content(std::string_view type) const {
  return contents.size() == 1 && boxes.empty() && contents[0].type == type ? contents[0].bytes
                                                                           : std::string_view();
}

Result<Jumbf> read_jumbf(std::string_view bytes, std::string_view field) {
  Reader reader(field);
  ByteCursor in(bytes);
  const JumbfContent outer = TRY(reader.next(in));
  if (outer.type != "jumb" || in.left() > 0) return reader.wrong("not one JUMBF box");
  return reader.superbox(outer.bytes, 0);
}

std::string write_box(std::string_view type, std::string_view bytes) {
  std::string out;
  put_big_endian(out, static_cast<uint32_t>(8 + bytes.size()), 4);
  out += type;
  out += bytes;
  return out;
}

std::string write_superbox(std::string_view kind, std::string_view label, std::string_view contents) {
  std::string description(kind);
  description += kUuidTail;
  description += static_cast<char>(kRequestable | kHasLabel);
  description += label;
  description += '\0';
  return write_box("jumb", write_box("jumd", description) + std::string(contents));
}

}  // namespace limner
