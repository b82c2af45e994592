// Which addresses belong to the public internet, declared in net/http_client.h. After IANA's registries of
// special-purpose addresses (https://www.iana.org/assignments/iana-ipv4-special-registry, ...-ipv6-...).
#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "net/http_client.h"

namespace limner {
namespace {

struct Block4 {
  uint32_t first;
  int prefix_bits;
};

constexpr uint32_t quad(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}

constexpr Block4 kNotPublic4[] = {
    {quad(0, 0, 0, 0), 8},        // this network
    {quad(10, 0, 0, 0), 8},       // private
    {quad(100, 64, 0, 0), 10},    // carrier-grade NAT
    {quad(127, 0, 0, 0), 8},      // loopback
    {quad(169, 254, 0, 0), 16},   // link-local: the metadata services of clouds
    {quad(172, 16, 0, 0), 12},    // private
    {quad(192, 0, 0, 0), 24},     // protocol assignments
    {quad(192, 0, 2, 0), 24},     // documentation
    {quad(192, 88, 99, 0), 24},   // 6to4 relays, deprecated
    {quad(192, 168, 0, 0), 16},   // private
    {quad(198, 18, 0, 0), 15},    // benchmarking
    {quad(198, 51, 100, 0), 24},  // documentation
    {quad(203, 0, 113, 0), 24},   // documentation
    {quad(224, 0, 0, 0), 4},      // multicast
    {quad(240, 0, 0, 0), 4},      // reserved, and broadcast
};

bool is_public4(uint32_t address) {
  return std::ranges::none_of(kNotPublic4, [address](const Block4& block) {
    return (address ^ block.first) >> (32 - block.prefix_bits) == 0;
  });
}

using Bytes6 = std::array<uint8_t, 16>;

struct Block6 {
  Bytes6 first;
  int prefix_bits;
};

bool within(const Bytes6& address, const Block6& block) {
  for (int bit = 0; bit < block.prefix_bits; bit += 8) {
    const int unused = std::max(0, 8 - (block.prefix_bits - bit));
    const auto byte = static_cast<size_t>(bit / 8);
    if ((address[byte] ^ block.first[byte]) >> unused != 0) return false;
  }
  return true;
}

constexpr Block6 kMapped = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96};  // ::ffff:0:0/96
constexpr Block6 kNat64 = {{0x00, 0x64, 0xff, 0x9b}, 96};                     // 64:ff9b::/96
constexpr Block6 k6to4 = {{0x20, 0x02}, 16};                                  // 2002::/16
constexpr Block6 kGlobalUnicast = {{0x20}, 3};                                // 2000::/3

constexpr Block6 kNotPublic6[] = {
    {{0x20, 0x01, 0x00}, 23},        // 2001::/23: protocol assignments, Teredo among them
    {{0x20, 0x01, 0x0d, 0xb8}, 32},  // 2001:db8::/32: documentation
    {{0x3f, 0xff, 0x00}, 20},        // 3fff::/20: documentation
};

// The IPv4 address in the four bytes from `at`.
bool carries_public4(const Bytes6& address, size_t at) {
  return is_public4(quad(address[at], address[at + 1], address[at + 2], address[at + 3]));
}

bool is_public6(const Bytes6& address) {
  if (within(address, kMapped) || within(address, kNat64)) return carries_public4(address, 12);
  if (within(address, k6to4)) return carries_public4(address, 2);
  return within(address, kGlobalUnicast) &&
         std::ranges::none_of(kNotPublic6,
                              [&address](const Block6& block) { return within(address, block); });
}

}  // namespace

bool is_public_address(std::string_view address) {
  const std::string text(address);
  if (text.size() != std::strlen(text.c_str())) return false;
  in_addr four;
  if (::inet_pton(AF_INET, text.c_str(), &four) == 1) return is_public4(ntohl(four.s_addr));
  in6_addr six;
  if (::inet_pton(AF_INET6, text.c_str(), &six) != 1) return false;
  Bytes6 bytes;
  std::memcpy(bytes.data(), &six, bytes.size());
  return is_public6(bytes);
}

}  // namespace limner
