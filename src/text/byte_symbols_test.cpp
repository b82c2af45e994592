#include "text/byte_symbols.h"

#include <gtest/gtest.h>

#include <set>

namespace limner {
namespace {

TEST(ByteSymbols, EveryByteHasItsOwnSymbol) {
  for (int byte = 0; byte < 256; ++byte) EXPECT_EQ(byte_of_symbol(byte_symbols()[byte]), byte);
  EXPECT_EQ(byte_symbols()['a'], U'a');
  EXPECT_EQ(byte_symbols()[' '], U'\u0120');
  EXPECT_EQ(byte_symbols()[0xAD], U'\u0143');
}

TEST(ByteSymbols, OtherCharactersAreNone) {
  for (const char32_t symbol : {U' ', U'\u00AD', U'\u0144', U'日'}) EXPECT_FALSE(byte_of_symbol(symbol));
}

TEST(ByteSymbols, TheOrderHoldsAllBytesPrintableFirst) {
  EXPECT_EQ(std::set<int>(byte_order().begin(), byte_order().end()).size(), 256u);
  EXPECT_EQ(byte_order()[0], '!');
  EXPECT_EQ(byte_order()[188], 0);
}

}  // namespace
}  // namespace limner
