#include "provenance/cbor/value.h"

namespace limner {

Cbor Cbor::integer(int64_t value) {
  Cbor item;
  item.kind = Kind::integer;
  item.negative = value < 0;
  item.number = value < 0 ? ~static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  return item;
}

Cbor Cbor::bytes(std::string_view value) {
  Cbor item;
  item.kind = Kind::bytes;
  item.string = value;
  return item;
}

Cbor Cbor::text(std::string_view value) {
  Cbor item;
  item.kind = Kind::text;
  item.string = value;
  return item;
}

Cbor Cbor::array(std::vector<Cbor> elements) {
  Cbor item;
  item.kind = Kind::array;
  item.items = std::move(elements);
  return item;
}

Cbor Cbor::map(std::initializer_list<std::pair<std::string_view, Cbor>> entries) {
  Cbor item;
  item.kind = Kind::map;
  for (const auto& [key, value] : entries) item.add(key, value);
  return item;
}

Cbor Cbor::tagged(uint64_t tag, Cbor content) {
  Cbor item;
  item.kind = Kind::tag;
  item.number = tag;
  item.items.push_back(std::move(content));
  return item;
}

Cbor& Cbor::add(Cbor key, Cbor value) {
  items.push_back(std::move(key));
  items.push_back(std::move(value));
  return *this;
}

const Cbor* Cbor::find(std::string_view key) const {
  if (kind != Kind::map) return nullptr;
  for (size_t i = 0; i + 1 < items.size(); i += 2)
    if (items[i].kind == Kind::text && items[i].string == key) return &items[i + 1];
  return nullptr;
}

const Cbor* Cbor::find(int64_t key) const {
  if (kind != Kind::map) return nullptr;
  const Cbor wanted = integer(key);
  for (size_t i = 0; i + 1 < items.size(); i += 2)
    if (items[i].kind == Kind::integer && items[i].negative == wanted.negative &&
        items[i].number == wanted.number)
      return &items[i + 1];
  return nullptr;
}

const Cbor* Cbor::find(std::string_view key, Kind wanted) const {
  const Cbor* found = find(key);
  return found && found->kind == wanted ? found : nullptr;
}

std::string_view Cbor::text_at(std::string_view key) const {
  const Cbor* found = find(key, Kind::text);
  return found ? std::string_view(found->string) : std::string_view();
}

int64_t Cbor::natural() const {
  if (kind != Kind::integer || negative || number > INT64_MAX) return -1;
  return static_cast<int64_t>(number);
}

}  // namespace limner
