#pragma once
// CBOR (RFC 8949): the data items that claims, assertions and signatures are made of.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace limner {

/// One data item with everything in it.
struct Cbor {
  enum class Kind : uint8_t { integer, bytes, text, array, map, tag, boolean, null, floating };

  Kind kind = Kind::null;
  bool negative = false;    ///< integer: the value is -1 - number
  uint64_t number = 0;      ///< integer; the tag's number; boolean 0 or 1
  double real = 0;          ///< floating
  std::string string;       ///< bytes; text as UTF-8
  std::vector<Cbor> items;  ///< array: elements; map: keys and values in turn; tag: the tagged item

  static Cbor integer(int64_t value);
  static Cbor bytes(std::string_view value);
  static Cbor text(std::string_view value);
  static Cbor array(std::vector<Cbor> elements);
  /// A map with text keys, in the order given.
  static Cbor map(std::initializer_list<std::pair<std::string_view, Cbor>> entries = {});
  static Cbor tagged(uint64_t tag, Cbor item);

  bool is(Kind other) const { return kind == other; }
  /// Appends an entry to a map.
  Cbor& add(Cbor key, Cbor value);
  Cbor& add(std::string_view key, Cbor value) { return add(text(key), std::move(value)); }
  /// The value under a key of a map; null for other items and where the key is missing.
  const Cbor* find(std::string_view key) const;
  const Cbor* find(int64_t key) const;
  /// The same where it must be of one kind; null where it is another.
  const Cbor* find(std::string_view key, Kind kind) const;
  /// The text under a key; empty if there is none.
  std::string_view text_at(std::string_view key) const;
  /// An integer from 0 to 2^63 - 1, or -1.
  int64_t natural() const;
};

/// The item as bytes: definite lengths, each integer in as few bytes as hold it, maps in the order they have.
std::string encode_cbor(const Cbor& item);

/// What a stranger's CBOR may hold at most.
struct CborLimits {
  int depth_max = 32;
  size_t items_max = 65'536;
};

/// Reads exactly one item. Bytes left over, a key twice in a map, text that runs past the end, deeper or more
/// than the limits: `invalid` with `field`. Borrows nothing.
Result<Cbor> decode_cbor(std::string_view bytes, std::string_view field, const CborLimits& limits = {});

}  // namespace limner
