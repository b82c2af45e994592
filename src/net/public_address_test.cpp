#include <gtest/gtest.h>

#include "net/http_client.h"

namespace limner {
namespace {

TEST(PublicAddress, OfThePublicInternet) {
  for (const char* address : {"1.1.1.1",           "8.8.8.8",         "9.255.255.255",
                              "11.0.0.0",          "100.63.255.255",  "100.128.0.0",
                              "126.255.255.255",   "128.0.0.0",       "169.253.255.255",
                              "172.15.255.255",    "172.32.0.0",      "192.0.1.0",
                              "192.167.255.255",   "192.169.0.0",     "198.17.255.255",
                              "198.20.0.0",        "223.255.255.255", "2606:4700:4700::1111",
                              "2a00:1450:4001::1", "::ffff:8.8.8.8",  "64:ff9b::8.8.8.8",
                              "2002:0808:0808::1"})
    EXPECT_TRUE(is_public_address(address)) << address;
}

TEST(PublicAddress, NotOfThisMachineOrItsNeighbours) {
  for (const char* address : {"0.0.0.0",
                              "0.1.2.3",
                              "10.0.0.1",
                              "10.255.255.255",
                              "100.64.0.1",
                              "100.127.255.255",
                              "127.0.0.1",
                              "127.255.255.254",
                              "169.254.169.254",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.0.0.8",
                              "192.0.2.1",
                              "192.88.99.1",
                              "192.168.1.1",
                              "198.18.0.1",
                              "198.19.255.255",
                              "198.51.100.7",
                              "203.0.113.7",
                              "224.0.0.1",
                              "239.255.255.255",
                              "240.0.0.1",
                              "255.255.255.255",
                              "::",
                              "::1",
                              "::7f00:1",
                              "fc00::1",
                              "fdff::1",
                              "fe80::1",
                              "febf::1",
                              "fec0::1",
                              "ff02::1",
                              "::ffff:10.0.0.1",
                              "::ffff:127.0.0.1",
                              "::ffff:a9fe:a9fe",
                              "64:ff9b::10.0.0.1",
                              "64:ff9b::7f00:1",
                              "64:ff9b:1::8.8.8.8",
                              "2002:0a00:0001::1",
                              "2002:7f00:0001::1",
                              "2001::1",
                              "2001:10::1",
                              "2001:db8::1",
                              "3fff::1",
                              "100::1",
                              "4000::1"})
    EXPECT_FALSE(is_public_address(address)) << address;
}

TEST(PublicAddress, OtherWritingsAreNoAddresses) {
  for (const char* address : {"", "localhost", "134744072", "0x08.8.8.8", "0x08080808", "010.8.8.8", "8.8.8",
                              "8.8.8.8 ", " 8.8.8.8", "8.8.8.8:80", "8.8.8.8.", "[2606:4700:4700::1111]",
                              "2606:4700:4700::1111%eth0", "example.com"})
    EXPECT_FALSE(is_public_address(address)) << address;
  EXPECT_FALSE(is_public_address(std::string_view("8.8.8.8\0x", 9)));
}

}  // namespace
}  // namespace limner
