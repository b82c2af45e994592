// Lets the Python tests compare our pictures with Pillow's, byte for byte. Raw pixels go in and come out by
// standard input and output, interleaved, their size on the command line as WIDTHxHEIGHTxCHANNELS.
//
//   picture_tool resize 12x7x3 bicubic 20x20 < raw > raw      picture_tool grey 12x7x3 < raw > raw
//   picture_tool blur 12x7x1 3.5 < raw > raw                  picture_tool binarise 12x7x1 < raw > raw
//   picture_tool decode < file > "W H C\n" and raw            picture_tool metadata < file > JSON
//   picture_tool encode 12x7x3 webp 90 INFOTEXT JSON < raw > file
//   picture_tool infotext < text > JSON                       picture_tool format_infotext < JSON > text

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <iterator>

#include "base/json.h"
#include "image/codec.h"
#include "image/file_metadata.h"
#include "image/infotext.h"
#include "image/mask.h"
#include "image/resize.h"

namespace {

using namespace limner;
using Arguments = std::vector<std::string>;

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "picture_tool: %s\n", why.c_str());
  std::exit(1);
}

template <class T>
T or_fail(Result<T> result) {
  if (!result) fail(result.error().text());
  return std::move(result).value();
}

std::string read_input() { return {std::istreambuf_iterator<char>(std::cin), {}}; }

void write_output(std::span<const std::byte> bytes) { std::fwrite(bytes.data(), 1, bytes.size(), stdout); }

Picture read_raw(const std::string& size) {
  Picture picture;
  if (std::sscanf(size.c_str(), "%dx%dx%d", &picture.width, &picture.height, &picture.channels) != 3)
    fail("a size is WIDTHxHEIGHTxCHANNELS");
  const std::string raw = read_input();
  picture.pixels.assign(raw.begin(), raw.end());
  return picture;
}

void write_raw(const Picture& picture) { write_output(std::as_bytes(std::span(picture.pixels))); }

void resize_raw(const Arguments& arguments) {
  int width = 0, height = 0;
  std::sscanf(arguments[2].c_str(), "%dx%d", &width, &height);
  const ResizeFilter filter = or_fail(resize_filter_from_name(arguments[1], "filter"));
  write_raw(or_fail(resize(read_raw(arguments[0]), width, height, filter)));
}

void decode() {
  const std::string file = read_input();
  const Picture picture = or_fail(decode_picture(std::as_bytes(std::span(file)), "picture"));
  std::printf("%d %d %d\n", picture.width, picture.height, picture.channels);
  write_raw(picture);
}

void metadata() {
  const std::string file = read_input();
  const FileMetadata texts = or_fail(read_file_metadata(std::as_bytes(std::span(file)), "picture"));
  std::cout << Json{{"infotext", texts.infotext}, {"limner_json", texts.limner_json}}.dump();
}

void encode(const Arguments& arguments) {
  EncodeOptions options{or_fail(format_from_name(arguments[1], "format")), std::atoi(arguments[2].c_str()),
                        arguments[3], arguments[4]};
  write_output(or_fail(encode_picture(read_raw(arguments[0]), options)));
}

void infotext() {
  const Infotext read = or_fail(parse_infotext(read_input()));
  std::cout << Json{{"prompt", read.prompt}, {"negative", read.negative}, {"fields", read.fields}}.dump();
}

void write_infotext() {
  const Json json = or_fail(parse_json(read_input(), "infotext"));
  std::cout << format_infotext({json["prompt"], json["negative"], json["fields"]});
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments(argv + std::min(argc, 2), argv + argc);
  const std::string operation = argc > 1 ? argv[1] : "";
  arguments.resize(5);
  if (operation == "resize") {
    resize_raw(arguments);
  } else if (operation == "grey") {
    write_raw(to_grey(read_raw(arguments[0])));
  } else if (operation == "blur") {
    write_raw(or_fail(blur(read_raw(arguments[0]), std::strtof(arguments[1].c_str(), nullptr))));
  } else if (operation == "binarise") {
    Picture mask = read_raw(arguments[0]);
    binarise_mask(mask);
    write_raw(mask);
  } else if (operation == "decode") {
    decode();
  } else if (operation == "metadata") {
    metadata();
  } else if (operation == "encode") {
    encode(arguments);
  } else if (operation == "infotext") {
    infotext();
  } else if (operation == "format_infotext") {
    write_infotext();
  } else {
    fail("no such operation: " + operation);
  }
  return 0;
}
