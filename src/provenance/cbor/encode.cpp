#include <bit>

#include "provenance/cbor/value.h"

namespace limner {
namespace {

// Major types (RFC 8949, 3.1).
enum Major : uint8_t { kUnsigned, kNegative, kBytes, kText, kArray, kMap, kTag, kSimple };

void put_head(std::string& out, Major major, uint64_t number) {
  const auto head = [&](unsigned low) { out += static_cast<char>(major << 5 | low); };
  size_t width = 0;
  if (number < 24) {
    head(static_cast<unsigned>(number));
  } else if (number <= 0xFF) {
    head(24), width = 1;
  } else if (number <= 0xFFFF) {
    head(25), width = 2;
  } else if (number <= 0xFFFFFFFF) {
    head(26), width = 4;
  } else {
    head(27), width = 8;
  }
  for (size_t i = width; i-- > 0;) out += static_cast<char>(number >> (8 * i));
}

void put_double(std::string& out, double real) {
  out += static_cast<char>(kSimple << 5 | 27);
  const auto bits = std::bit_cast<uint64_t>(real);
  for (size_t i = 8; i-- > 0;) out += static_cast<char>(bits >> (8 * i));
}

void put(std::string& out, const Cbor& item) {
  switch (item.kind) {
    case Cbor::Kind::integer:
      return put_head(out, item.negative ? kNegative : kUnsigned, item.number);
    case Cbor::Kind::bytes:
    case Cbor::Kind::text:
      put_head(out, item.kind == Cbor::Kind::bytes ? kBytes : kText, item.string.size());
      out += item.string;
      return;
    case Cbor::Kind::array:
      put_head(out, kArray, item.items.size());
      break;
    case Cbor::Kind::map:
      put_head(out, kMap, item.items.size() / 2);
      break;
    case Cbor::Kind::tag:
      put_head(out, kTag, item.number);
      break;
    case Cbor::Kind::boolean:
      return put_head(out, kSimple, item.number ? 21 : 20);
    case Cbor::Kind::null:
      return put_head(out, kSimple, 22);
    case Cbor::Kind::floating:
      return put_double(out, item.real);
  }
  for (const Cbor& inner : item.items) put(out, inner);
}

}  // namespace

std::string encode_cbor(const Cbor& item) {
  std::string out;
  put(out, item);
  return out;
}

}  // namespace limner
