// Lets bench/copies.py hash many pictures and compare them all.
//
//   similarity_tool hash < many of "WIDTHxHEIGHT\n" and raw RGB > a line each: QUALITY and 8 hashes
//   similarity_tool pairs < lines of hash > "COMPARED NEAREST MATCHES\n": pairs of different pictures within
//   31 bits in any orientation similarity_tool time COUNT > milliseconds a query over COUNT random hashes:
//   "SCAN PORTABLE MULTI_INDEX BUILD\n"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <random>
#include <sstream>
#include <string>

#include "similarity/multi_index.h"
#include "similarity/protected_index.h"

namespace {

using namespace limner;

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "similarity_tool: %s\n", why.c_str());
  std::exit(1);
}

void hash() {
  int width = 0, height = 0;
  while (std::scanf("%dx%d", &width, &height) == 2 && std::getchar() == '\n') {
    Picture picture{width, height, 3, {}};
    picture.pixels.resize(static_cast<size_t>(width) * static_cast<size_t>(height) * 3);
    if (std::fread(picture.pixels.data(), 1, picture.pixels.size(), stdin) != picture.pixels.size())
      fail("the pixels end too early");
    const PdqHashes hashes = pdq_hashes(picture);
    std::printf("%d", hashes.quality);
    for (const PdqHash& one : hashes.orientations) std::printf(" %s", pdq_text(one).c_str());
    std::printf("\n");
    std::fflush(stdout);
  }
}

std::vector<PdqHashes> read_hashes() {
  std::vector<PdqHashes> all;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    PdqHashes hashes;
    words >> hashes.quality;
    for (PdqHash& one : hashes.orientations) {
      std::string text;
      words >> text;
      const Result<PdqHash> read = pdq_from_text(text, "hash");
      if (!read) fail(read.error().text());
      one = *read;
    }
    all.push_back(hashes);
  }
  return all;
}

void pairs() {
  const std::vector<PdqHashes> all = read_hashes();
  std::vector<PdqHash> upright;
  for (const PdqHashes& hashes : all) upright.push_back(hashes.orientations[0]);
  int nearest = 256;
  size_t matches = 0, compared = 0;
  for (size_t i = 0; i < all.size(); ++i)
    for (const PdqHash& query : all[i].orientations) {
      compared += i;
      for (const NearHash& found : scan_near(std::span(upright).first(i), query, 128)) {
        nearest = std::min(nearest, found.distance);
        matches += found.distance <= kPdqMatch;
      }
    }
  std::printf("%zu %d %zu\n", compared, nearest, matches);
}

// The least of many runs: what the machine can do when nobody else wants it.
template <class F>
double least_ms(int runs, F&& run) {
  double least = 1e9;
  for (int i = 0; i < runs; ++i) {
    const auto start = std::chrono::steady_clock::now();
    run();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    least = std::min(least, took.count());
  }
  return least;
}

void time(size_t count) {
  std::mt19937_64 random(1);
  std::vector<PdqHash> hashes(count);
  for (PdqHash& one : hashes)
    for (uint64_t& word : one.words) word = random();
  const PdqHash query = hashes[count / 2];
  size_t found = 0;
  const double scan = least_ms(30, [&] { found += scan_near(hashes, query, kPdqMatch).size(); });
  const double portable = least_ms(5, [&] { found += scan_near_portable(hashes, query, kPdqMatch).size(); });
  std::unique_ptr<MultiIndex> index;
  const double build = least_ms(1, [&] { index = std::make_unique<MultiIndex>(hashes); });
  const double multi = least_ms(30, [&] { found += index->near(query, kPdqMatch).size(); });
  if (found != 30 + 5 + 30) fail("not every way found what is there");
  std::printf("%.3f %.3f %.3f %.0f\n", scan, portable, multi, build);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string operation = argc > 1 ? argv[1] : "";
  if (operation == "hash")
    hash();
  else if (operation == "pairs")
    pairs();
  else if (operation == "time" && argc == 3)
    time(std::strtoull(argv[2], nullptr, 10));
  else
    fail("hash, pairs, or time COUNT");
}
