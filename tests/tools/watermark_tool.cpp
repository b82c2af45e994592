// Lets bench/watermark.py mark and read many pictures without starting the program for each. Raw pixels come
// by standard input, 3 channels interleaved.
//
//   watermark_tool mark WIDTHxHEIGHT ID PSNR < raw > "PSNR ID_BITS READABLE\n" and raw
//   watermark_tool read < many of "WIDTHxHEIGHT\n" and raw > one line each: "none" or "ID ID_BITS SCALE
//   ORIENTATION P"

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "watermark/watermark.h"

namespace {

using namespace limner;

const WatermarkKey kKey{"limner watermark tool, a key for tests only", 1};

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "watermark_tool: %s\n", why.c_str());
  std::exit(1);
}

Picture read_raw(int width, int height) {
  Picture picture{width, height, 3, {}};
  picture.pixels.resize(static_cast<size_t>(width) * static_cast<size_t>(height) * 3);
  if (std::fread(picture.pixels.data(), 1, picture.pixels.size(), stdin) != picture.pixels.size())
    fail("the pixels end too early");
  return picture;
}

void mark(const char* size, const char* id, const char* psnr) {
  int width = 0, height = 0;
  if (std::sscanf(size, "%dx%d", &width, &height) != 2) fail("a size is WIDTHxHEIGHT");
  const Result<Marked> marked = mark_picture(read_raw(width, height), kKey, {std::strtoull(id, nullptr, 10)},
                                             {std::strtod(psnr, nullptr)});
  if (!marked) fail(marked.error().text());
  std::printf("%.4f %d %d\n", marked->psnr, marked->id_bits, marked->readable ? 1 : 0);
  std::fwrite(marked->picture.pixels.data(), 1, marked->picture.pixels.size(), stdout);
}

void read() {
  int width = 0, height = 0;
  while (std::scanf("%dx%d", &width, &height) == 2 && std::getchar() == '\n') {
    const std::optional<WatermarkReading> reading = read_watermark(read_raw(width, height), kKey);
    if (reading)
      std::printf("%" PRIu64 " %d %.4f %d %.3g\n", reading->id.value, reading->id_bits, reading->scale,
                  reading->orientation, reading->p_value);
    else
      std::printf("none\n");
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string operation = argc > 1 ? argv[1] : "";
  if (operation == "mark" && argc == 5)
    mark(argv[2], argv[3], argv[4]);
  else if (operation == "read")
    read();
  else
    fail("mark WIDTHxHEIGHT ID PSNR, or read");
}
