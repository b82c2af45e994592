// Draws normal numbers: run_noise KIND SEED SIZE... writes one draw of each SIZE, from one stream, as raw
// f32.

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "sampling/noise.h"

int main(int count, char** arguments) {
  if (count < 4) {
    std::fputs("usage: run_noise KIND SEED SIZE...\n", stderr);
    return 2;
  }
  const auto kind = limner::find_noise_kind(arguments[1]);
  if (!kind) {
    fmt::print(stderr, "{}\n", kind.error().text());
    return 2;
  }
  const auto stream = (*kind)->make(std::strtoull(arguments[2], nullptr, 10));
  for (int i = 3; i < count; ++i) {
    std::vector<float> numbers(std::strtoull(arguments[i], nullptr, 10));
    stream->normal(numbers);
    std::fwrite(numbers.data(), sizeof(float), numbers.size(), stdout);
  }
}
