// Lets tests and bench/watermark.py look for the watermark in the noise of many pictures without starting the
// program for each.
//
//   noise_tool invert MODEL WIDTHxHEIGHT STEPS REFINEMENTS FILE > the noise behind the picture, f32
//   noise_tool read MODEL DTYPE WIDTHxHEIGHT STEPS KEY < lines "SEED ID FILE" > a line each: whether a
//   watermark is found (0, 1), its id or "-", the share of signs that are those of SEED and ID, the p-value

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>

#include "engine/engine.h"
#include "engine/noise_inversion.h"
#include "image/codec.h"
#include "watermark/key_file.h"
#include "watermark/noise_mark.h"

namespace {

using namespace limner;

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "noise_tool: %s\n", why.c_str());
  std::exit(1);
}

template <class T>
T must(Result<T> result) {
  if (!result) fail(result.error().text());
  return std::move(*result);
}

InversionOptions options_of(const char* size, const char* steps) {
  InversionOptions options;
  if (std::sscanf(size, "%dx%d", &options.width, &options.height) != 2) fail("a size is WIDTHxHEIGHT");
  options.steps = std::atoi(steps);
  return options;
}

double share_of_signs(const std::vector<float>& noise, const std::vector<uint64_t>& signs) {
  size_t right = 0;
  for (size_t i = 0; i < noise.size(); ++i)
    right += ((signs[i / 64] >> (i % 64) & 1u) != 0) == (noise[i] > 0);
  return static_cast<double>(right) / static_cast<double>(noise.size());
}

void invert(const char* model_path, const char* size, const char* steps, const char* refinements,
            const char* file) {
  InversionOptions options = options_of(size, steps);
  options.refinements = std::atoi(refinements);
  const ModelPtr model = must(load(model_path, {.dtype = "f32"}));
  const std::vector<float> noise = must(invert_noise(*model, must(read_picture(file, "file")), options));
  std::fwrite(noise.data(), sizeof(float), noise.size(), stdout);
}

void read(const char* model_path, const char* dtype, const char* size, const char* steps,
          const char* key_path) {
  const ModelPtr model = must(load(model_path, {.dtype = dtype}));
  const WatermarkKey key = must(read_watermark_key(key_path));
  const InversionOptions options = options_of(size, steps);
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    uint64_t seed = 0, id = 0;
    std::string file;
    if (!(words >> seed >> id >> file)) fail("a line is SEED ID FILE");
    const std::vector<float> noise = must(invert_noise(*model, must(read_picture(file, "file")), options));
    const std::optional<NoiseReading> reading = read_noise(noise, key, 1);
    const std::string found = reading && reading->id ? std::to_string(reading->id->value) : std::string("-");
    std::printf("%d %s %.4f %.3g\n", reading ? 1 : 0, found.c_str(),
                share_of_signs(noise, noise_signs(key, {id}, seed, noise.size())),
                reading ? reading->p_value : 1.0);
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string operation = argc > 1 ? argv[1] : "";
  if (operation == "invert" && argc == 7)
    invert(argv[2], argv[3], argv[4], argv[5], argv[6]);
  else if (operation == "read" && argc == 7)
    read(argv[2], argv[3], argv[4], argv[5], argv[6]);
  else
    fail("invert MODEL WIDTHxHEIGHT STEPS REFINEMENTS FILE, or read MODEL DTYPE WIDTHxHEIGHT STEPS KEY");
}
