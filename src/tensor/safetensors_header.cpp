#include "tensor/safetensors_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/json.h"

namespace limner {
namespace {

constexpr std::string_view kMetadataKey = "__metadata__";

// Names come from the file and may be as long as its header: a message shows their beginning, cut between
// characters.
std::string_view shown(std::string_view text) {
  constexpr size_t kShownBytes = 200;
  if (text.size() <= kShownBytes) return text;
  size_t cut = kShownBytes;
  while (cut > 0 && (static_cast<uint8_t>(text[cut]) & 0xc0u) == 0x80u) --cut;
  return text.substr(0, cut);
}

// Takes the parser's events one by one, so that the header is never held as a tree of JSON values. The
// grammar is three levels deep: {name: {"dtype": text, "shape": [n, ...], "data_offsets": [begin, end]}}.
class HeaderEvents {
 public:
  SafetensorsHeader header;
  std::string problem;  // what was wrong, once an event has returned false

  bool start_object(size_t) {
    if (place_ == Place::outside) return go(Place::file);
    if (place_ != Place::file) return fail("an object where none belongs");
    seen_ = {};
    return go(in_metadata() ? Place::metadata : Place::tensor);
  }

  bool end_object() {
    if (place_ == Place::file) return go(Place::done);
    if (place_ == Place::tensor && !(seen_.dtype && seen_.shape && seen_.offsets))
      return fail("lacks one of dtype, shape, data_offsets");
    return go(Place::file);
  }

  bool key(std::string& text) {
    if (place_ == Place::metadata) {
      metadata_slot_ = &header.metadata[text];
      return true;
    }
    if (place_ == Place::tensor) {
      if (text != "dtype" && text != "shape" && text != "data_offsets")
        return fail(fmt::format("the unknown field '{}'", shown(text)));
      key_ = text;
      return true;
    }
    name_ = text;
    if (!in_metadata()) header.entries.emplace_back().name = text;
    return true;
  }

  bool string(std::string& text) {
    if (place_ == Place::metadata) {
      *metadata_slot_ = text;
      return true;
    }
    if (place_ != Place::tensor || key_ != "dtype" || seen_.dtype) return fail("a text where none belongs");
    seen_.dtype = true;
    entry().dtype_text = text;
    entry().dtype = dtype_from_name(text);
    return true;
  }

  bool start_array(size_t) {
    numbers_count_ = 0;
    if (place_ == Place::tensor && key_ == "shape" && !seen_.shape) return go(Place::shape);
    if (place_ == Place::tensor && key_ == "data_offsets" && !seen_.offsets) return go(Place::offsets);
    return fail("a list where none belongs");
  }

  bool number_unsigned(uint64_t value) {
    if (place_ != Place::shape && place_ != Place::offsets) return fail("a number where none belongs");
    const size_t count_max = place_ == Place::shape ? Shape::kRankMax : 2;
    if (numbers_count_ == count_max)
      return fail(place_ == Place::shape ? "more than five extents" : "more than two data_offsets");
    if (value > static_cast<uint64_t>(INT64_MAX))
      return fail(fmt::format("the number {} is too large", value));
    numbers_[numbers_count_++] = static_cast<int64_t>(value);
    return true;
  }

  bool end_array() {
    if (place_ == Place::shape) {
      entry().shape = Shape(std::span<const int64_t>(numbers_.data(), numbers_count_));
      seen_.shape = true;
    } else {
      if (numbers_count_ != 2) return fail("data_offsets needs two numbers");
      entry().begin = static_cast<uint64_t>(numbers_[0]);
      entry().end = static_cast<uint64_t>(numbers_[1]);
      seen_.offsets = true;
    }
    return go(Place::tensor);
  }

  bool null() { return fail("null where none belongs"); }
  bool boolean(bool) { return fail("true or false where none belongs"); }
  bool number_integer(int64_t value) { return fail(fmt::format("the negative number {}", value)); }
  bool number_float(double, const std::string& text) { return fail("the fraction " + text); }
  bool binary(Json::binary_t&) { return fail("binary where none belongs"); }
  bool parse_error(size_t, const std::string&, const nlohmann::json::exception& error) {
    problem = fmt::format("not valid JSON: {}", shown(error.what()));
    return false;
  }

 private:
  enum class Place : uint8_t { outside, file, metadata, tensor, shape, offsets, done };
  struct Seen {
    bool dtype = false, shape = false, offsets = false;
  };

  bool go(Place place) {
    place_ = place;
    return true;
  }
  bool fail(std::string what) {
    problem = name_.empty() ? std::move(what) : fmt::format("tensor '{}': {}", shown(name_), what);
    return false;
  }
  bool in_metadata() const { return name_ == kMetadataKey; }
  SafetensorsEntry& entry() { return header.entries.back(); }

  Place place_ = Place::outside;
  std::string name_, key_;
  Seen seen_;
  std::string* metadata_slot_ = nullptr;
  std::array<int64_t, Shape::kRankMax> numbers_{};
  size_t numbers_count_ = 0;
};

Error bad(const std::string& field, const SafetensorsEntry& entry, std::string_view what) {
  return invalid(field, fmt::format("tensor '{}': {}", shown(entry.name), what),
                 "the file is damaged; fetch it again");
}

// The bytes that the shape and the type ask for must be those that the offsets give.
Result<void> check_size(const SafetensorsEntry& entry, uint64_t data_bytes, const std::string& field) {
  if (entry.begin > entry.end || entry.end > data_bytes)
    return bad(
        field, entry,
        fmt::format("bytes {} to {} are not inside the file's {}", entry.begin, entry.end, data_bytes));
  // Extents of zero are left out at first: even then nothing that multiplies the shape may overflow.
  int64_t bytes = entry.dtype ? static_cast<int64_t>(dtype_bytes(*entry.dtype)) : 1;
  bool empty = false;
  for (const int64_t dim : entry.shape.dims()) {
    empty |= dim == 0;
    if (dim != 0 && __builtin_mul_overflow(bytes, dim, &bytes))
      return bad(field, entry, fmt::format("shape {} overflows", entry.shape.text()));
  }
  if (empty) bytes = 0;
  if (entry.dtype && static_cast<uint64_t>(bytes) != entry.end - entry.begin)
    return bad(field, entry,
               fmt::format("{} {} takes {} bytes, the header gives {}", entry.dtype_text, entry.shape.text(),
                           bytes, entry.end - entry.begin));
  return {};
}

// Sorted by place, each tensor must begin where the last ended: no overlap, no hole, nothing after the last.
Result<void> check_places(const std::vector<SafetensorsEntry>& entries, uint64_t data_bytes,
                          const std::string& field) {
  std::vector<const SafetensorsEntry*> by_place;
  by_place.reserve(entries.size());
  for (const SafetensorsEntry& entry : entries) by_place.push_back(&entry);
  std::ranges::sort(by_place, {},
                    [](const SafetensorsEntry* entry) { return std::pair(entry->begin, entry->end); });
  uint64_t place = 0;
  for (const SafetensorsEntry* entry : by_place) {
    if (entry->begin != place)
      return bad(field, *entry,
                 fmt::format("begins at byte {} where the one before ends at {}", entry->begin, place));
    place = entry->end;
  }
  if (place == data_bytes) return {};
  return invalid(field, fmt::format("{} bytes of tensors where the header describes {}", data_bytes, place),
                 "the file is damaged; fetch it again");
}

Result<void> sort_by_name(std::vector<SafetensorsEntry>& entries, const std::string& field) {
  std::ranges::sort(entries, {}, &SafetensorsEntry::name);
  const auto twice = std::ranges::adjacent_find(entries, {}, &SafetensorsEntry::name);
  if (twice == entries.end()) return {};
  return bad(field, *twice, "is there twice");
}

}  // namespace

Result<SafetensorsHeader> parse_safetensors_header(std::string_view text, uint64_t data_bytes,
                                                   const std::string& field) {
  HeaderEvents events;
  try {
    if (!Json::sax_parse(text.begin(), text.end(), &events))
      return invalid(field, "header: " + events.problem);
  } catch (const nlohmann::json::exception& error) {
    return invalid(field, fmt::format("header: {}", shown(error.what())));
  }
  SafetensorsHeader header = std::move(events.header);
  for (const SafetensorsEntry& entry : header.entries) TRY(check_size(entry, data_bytes, field));
  TRY(sort_by_name(header.entries, field));
  TRY(check_places(header.entries, data_bytes, field));
  return header;
}

}  // namespace limner
