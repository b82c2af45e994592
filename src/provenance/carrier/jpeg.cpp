// JPEG: the store lies in APP11 segments, cut as JPEG XT cuts boxes (ISO/IEC 18477-3, B.1; C2PA 2.4, A.3.1):
// each repeats the box's size and type before its piece.

#include <algorithm>
#include <vector>

#include "provenance/byte_cursor.h"
#include "provenance/carrier/carrier.h"

namespace limner {
namespace {

using namespace std::string_view_literals;

constexpr uint32_t kApp0 = 0xE0, kApp1 = 0xE1, kApp11 = 0xEB, kStartOfScan = 0xDA, kEndOfImage = 0xD9;
constexpr uint32_t kInstance = 0x0211;  // any number would do, as long as nobody else uses it in the file
constexpr size_t kBoxHeader = 8;
constexpr size_t kSegmentOverhead =
    2 + 2 + 2 + 4 + kBoxHeader;  // of what the length counts, all but the piece
constexpr size_t kPieceMax = 65535 - kSegmentOverhead;
// The type of a manifest store's description.
constexpr std::string_view kStoreUuid = "c2pa\x00\x11\x00\x10\x80\x00\x00\xAA\x00\x38\x9B\x71"sv;

bool stands_alone(uint32_t marker) { return marker == 0x01 || (marker >= 0xD0 && marker <= 0xD7); }

struct Segment {
  uint32_t marker = 0;
  std::string_view data;
  size_t start = 0, end = 0;
};

// Up to the first scan; behind it lie entropy-coded bytes.
Result<std::vector<Segment>> read_segments(std::string_view file) {
  std::vector<Segment> segments;
  ByteCursor in(file);
  in.take(2);
  while (true) {
    Segment segment;
    segment.start = in.at();
    if (in.big_endian(1) != 0xFF) return invalid("", "a JPEG marker is missing");
    segment.marker = in.big_endian(1);
    while (segment.marker == 0xFF && !in.failed()) segment.marker = in.big_endian(1);  // fill bytes
    if (segment.marker == kStartOfScan || segment.marker == kEndOfImage) return segments;
    if (!stands_alone(segment.marker)) {
      const uint32_t size = in.big_endian(2);
      if (size < 2) return invalid("", "a JPEG segment has no length");
      segment.data = in.take(size - 2);
    }
    if (in.failed()) return invalid("", "a JPEG segment runs past the end of the file");
    segment.end = in.at();
    segments.push_back(segment);
  }
}

// A piece of a box in an APP11 segment.
struct Piece {
  bool box = false;  ///< whether it is one at all
  uint32_t instance = 0, number = 0;
  std::string_view header, bytes;
};

Piece piece_of(const Segment& segment) {
  Piece piece;
  ByteCursor in(segment.data);
  if (segment.marker != kApp11 || in.take(2) != "JP") return piece;
  piece.instance = in.big_endian(2);
  piece.number = in.big_endian(4);
  piece.header = in.take(kBoxHeader);
  piece.bytes = segment.data.substr(std::min(in.at(), segment.data.size()));
  piece.box = !in.failed() && piece.header.substr(4) == "jumb";
  return piece;
}

// A store, and not some other JUMBF, begins with a description of that type.
bool begins_store(const Piece& piece) {
  return piece.box && piece.number == 1 && piece.bytes.size() >= 24 && piece.bytes.substr(4, 4) == "jumd" &&
         piece.bytes.substr(8, 16) == kStoreUuid;
}

}  // namespace

Result<CarriedStore> find_jpeg_store(std::string_view file) {
  const std::vector<Segment> segments = TRY(read_segments(file));
  CarriedStore found;
  for (size_t i = 0; i < segments.size(); ++i) {
    const Piece first = piece_of(segments[i]);
    if (!begins_store(first)) continue;
    if (!found.store.empty()) return invalid("", "the JPEG has two C2PA manifest stores");
    const size_t size = ByteCursor(first.header).big_endian(4);
    if (size > kStoreBytesMax) return invalid("", "the JPEG's C2PA manifest store is too large");
    found.store = first.header;
    found.store += first.bytes;
    size_t last = i;
    while (found.store.size() < size && last + 1 < segments.size()) {
      const Piece next = piece_of(segments[++last]);
      if (!next.box || next.instance != first.instance || next.number != last - i + 1 ||
          next.header != first.header)
        return invalid("", "the JPEG's C2PA manifest store is not in one piece");
      found.store += next.bytes;
    }
    if (found.store.size() != size) return invalid("", "the JPEG's C2PA manifest store has another size");
    found.start = segments[i].start;
    found.length = segments[last].end - found.start;
    i = last;
  }
  return found;
}

Result<CarryingFile> carry_jpeg_store(std::string_view file, std::string_view store) {
  const std::vector<Segment> segments = TRY(read_segments(file));
  // Behind JFIF, EXIF and XMP, which readers want first.
  size_t at = 2;
  for (const Segment& segment : segments) {
    if (segment.marker != kApp0 && segment.marker != kApp1) break;
    at = segment.end;
  }
  CarryingFile out{std::string(file.substr(0, at)), at, 0};
  const std::string_view header = store.substr(0, kBoxHeader);
  std::string_view rest = store.substr(kBoxHeader);
  for (uint32_t number = 1; !rest.empty(); ++number) {
    const std::string_view piece = rest.substr(0, kPieceMax);
    rest.remove_prefix(piece.size());
    put_big_endian(out.file, 0xFF00 | kApp11, 2);
    put_big_endian(out.file, static_cast<uint32_t>(kSegmentOverhead + piece.size()), 2);
    out.file += "JP";
    put_big_endian(out.file, kInstance, 2);
    put_big_endian(out.file, number, 4);
    out.file += header;
    out.file += piece;
  }
  out.length = out.file.size() - at;
  out.file += file.substr(at);
  return out;
}

}  // namespace limner
