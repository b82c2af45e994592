#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "provenance/cbor/value.h"

namespace limner {
namespace {

constexpr unsigned kIndefinite = 31;
constexpr unsigned char kBreak = 0xFF;

// RFC 8949, appendix D.
double half_to_double(uint64_t bits) {
  const auto exponent = static_cast<int>(bits >> 10 & 31);
  const auto mantissa = static_cast<double>(bits & 0x3FF);
  double value = 0;
  if (exponent == 0)
    value = std::ldexp(mantissa, -24);
  else if (exponent != 31)
    value = std::ldexp(mantissa + 1024, exponent - 25);
  else
    value = mantissa == 0 ? HUGE_VAL : std::nan("");
  return bits & 0x8000 ? -value : value;
}

class Decoder {
 public:
  Decoder(std::string_view bytes, std::string_view field, const CborLimits& limits)
      : bytes_(bytes), field_(field), limits_(limits) {}

  Result<Cbor> whole() {
    Cbor item = TRY(next(0));
    if (at_ != bytes_.size()) return wrong("bytes follow the CBOR item");
    return item;
  }

 private:
  struct Head {
    unsigned major = 0, low = 0;
    uint64_t number = 0;
  };

  Error wrong(std::string message) const { return invalid(std::string(field_), std::move(message)); }
  size_t left() const { return bytes_.size() - at_; }
  bool at_break() const { return left() > 0 && static_cast<unsigned char>(bytes_[at_]) == kBreak; }

  Result<uint64_t> number(size_t width) {
    if (width > left()) return wrong("the CBOR is cut short");
    uint64_t value = 0;
    for (size_t i = 0; i < width; ++i) value = value << 8 | static_cast<unsigned char>(bytes_[at_++]);
    return value;
  }

  Result<Head> head() {
    Head head;
    const uint64_t first = TRY(number(1));
    head.major = static_cast<unsigned>(first >> 5);
    head.low = static_cast<unsigned>(first & 31);
    if (head.low < 24) head.number = head.low;
    if (head.low >= 24 && head.low < 28) head.number = TRY(number(size_t{1} << (head.low - 24)));
    if (head.low >= 28 && head.low < kIndefinite) return wrong("a reserved CBOR length");
    return head;
  }

  Result<std::string> chunk(const Head& head) {
    if (head.number > left()) return wrong("a CBOR string runs past the end");
    const std::string_view text = bytes_.substr(at_, head.number);
    at_ += head.number;
    return std::string(text);
  }

  Result<Cbor> string(const Head& head, Cbor::Kind kind) {
    Cbor item;
    item.kind = kind;
    if (head.low != kIndefinite) {
      item.string = TRY(chunk(head));
      return item;
    }
    while (!at_break()) {
      const Head part = TRY(this->head());
      if (part.major != head.major || part.low == kIndefinite) return wrong("a CBOR string in odd pieces");
      item.string += TRY(chunk(part));
    }
    ++at_;
    return item;
  }

  Result<void> elements(const Head& head, Cbor& item, int depth) {
    const bool counted = head.low != kIndefinite;
    // Each element takes a byte at least: a count beyond what is left is a lie, told before memory is taken.
    if (counted && head.number > left()) return wrong("CBOR that counts more elements than there are bytes");
    for (uint64_t i = 0; counted ? i < head.number : !at_break(); ++i) item.items.push_back(TRY(next(depth)));
    if (!counted) ++at_;
    return {};
  }

  Result<void> entries(const Head& head, Cbor& item, int depth) {
    const bool counted = head.low != kIndefinite;
    if (counted && head.number > left() / 2)
      return wrong("CBOR that counts more entries than there are bytes");
    std::vector<std::string_view> keys;
    for (uint64_t i = 0; counted ? i < head.number : !at_break(); ++i) {
      const size_t begin = at_;
      item.items.push_back(TRY(next(depth)));
      keys.push_back(bytes_.substr(begin, at_ - begin));
      item.items.push_back(TRY(next(depth)));
    }
    if (!counted) ++at_;
    std::sort(keys.begin(), keys.end());
    if (std::adjacent_find(keys.begin(), keys.end()) != keys.end())
      return wrong("a CBOR map with a key twice");
    return {};
  }

  Result<Cbor> simple(const Head& head) {
    Cbor item;
    if (head.low == 20 || head.low == 21) {
      item.kind = Cbor::Kind::boolean;
      item.number = head.low - 20;
    } else if (head.low == 25 || head.low == 26 || head.low == 27) {
      item.kind = Cbor::Kind::floating;
      item.real = head.low == 25   ? half_to_double(head.number)
                  : head.low == 26 ? std::bit_cast<float>(static_cast<uint32_t>(head.number))
                                   : std::bit_cast<double>(head.number);
    } else if (head.low != 22 && head.low != 23) {  // null and undefined
      return wrong(fmt::format("CBOR's simple value {} has no meaning here", head.number));
    }
    return item;
  }

  Result<Cbor> next(int depth) {
    if (depth > limits_.depth_max) return wrong(fmt::format("CBOR deeper than {}", limits_.depth_max));
    if (++items_ > limits_.items_max)
      return wrong(fmt::format("CBOR of more than {} items", limits_.items_max));
    const Head head = TRY(this->head());
    if (head.low == kIndefinite && (head.major < 2 || head.major == 6)) return wrong("CBOR without a length");
    Cbor item;
    switch (head.major) {
      case 0:
      case 1:
        item.kind = Cbor::Kind::integer;
        item.negative = head.major == 1;
        item.number = head.number;
        return item;
      case 2:
        return string(head, Cbor::Kind::bytes);
      case 3:
        return string(head, Cbor::Kind::text);
      case 4:
        item.kind = Cbor::Kind::array;
        TRY(elements(head, item, depth + 1));
        return item;
      case 5:
        item.kind = Cbor::Kind::map;
        TRY(entries(head, item, depth + 1));
        return item;
      case 6:
        return Cbor::tagged(head.number, TRY(next(depth + 1)));
      default:
        return simple(head);
    }
  }

  std::string_view bytes_, field_;
  CborLimits limits_;
  size_t at_ = 0, items_ = 0;
};

}  // namespace

Result<Cbor> decode_cbor(std::string_view bytes, std::string_view field, const CborLimits& limits) {
  return Decoder(bytes, field, limits).whole();
}

}  // namespace limner
