#include "text/byte_symbols.h"

namespace limner {
namespace {

constexpr bool stands_for_itself(int byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

constexpr char32_t kFirstStandIn = 0x100;

struct Tables {
  std::array<char32_t, 256> symbols{};
  std::array<uint8_t, 256> order{};
  std::array<uint8_t, 256> hidden{};  // hidden[i] is the byte behind U+0100 + i
  char32_t hidden_count = 0;
};

constexpr Tables make_tables() {
  Tables tables;
  size_t filled = 0;
  for (int byte = 0; byte < 256; ++byte)
    if (stands_for_itself(byte)) {
      tables.symbols[byte] = static_cast<char32_t>(byte);
      tables.order[filled++] = static_cast<uint8_t>(byte);
    }
  for (int byte = 0; byte < 256; ++byte)
    if (!stands_for_itself(byte)) {
      tables.symbols[byte] = kFirstStandIn + tables.hidden_count;
      tables.hidden[tables.hidden_count++] = static_cast<uint8_t>(byte);
      tables.order[filled++] = static_cast<uint8_t>(byte);
    }
  return tables;
}

constexpr Tables kTables = make_tables();

}  // namespace

const std::array<char32_t, 256>& byte_symbols() { return kTables.symbols; }

const std::array<uint8_t, 256>& byte_order() { return kTables.order; }

std::optional<uint8_t> byte_of_symbol(char32_t symbol) {
  if (symbol < kFirstStandIn) {
    if (!stands_for_itself(static_cast<int>(symbol))) return std::nullopt;
    return static_cast<uint8_t>(symbol);
  }
  if (symbol - kFirstStandIn < kTables.hidden_count) return kTables.hidden[symbol - kFirstStandIn];
  return std::nullopt;
}

}  // namespace limner
