// tokenize FOLDER|MERGES.TXT: reads JSON strings, one a line, and prints the token ids of each as a JSON
// array.

#include <cstdio>
#include <filesystem>
#include <iostream>
#include <string>

#include "base/files.h"
#include "base/json.h"
#include "text/clip_tokenizer.h"

namespace limner {
namespace {

Result<ClipTokenizer> open_tokenizer(const std::filesystem::path& path) {
  if (std::filesystem::is_directory(path)) return ClipTokenizer::open(path);
  return ClipTokenizer::from_merges(TRY(read_file(path, 64u << 20)));
}

Result<void> tokenize_lines(const std::filesystem::path& path) {
  const ClipTokenizer tokenizer = TRY(open_tokenizer(path));
  for (std::string line; std::getline(std::cin, line);) {
    const Json text = TRY(parse_json(line, "line"));
    if (!text.is_string()) return invalid("line", "is not a JSON string");
    std::cout << Json(tokenizer.encode(text.get_ref<const std::string&>())).dump() << '\n';
  }
  return {};
}

}  // namespace
}  // namespace limner

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: tokenize FOLDER|MERGES.TXT <LINES\n");
    return 2;
  }
  const limner::Result<void> done = limner::tokenize_lines(argv[1]);
  if (done) return 0;
  std::fprintf(stderr, "tokenize: %s\n", done.error().text().c_str());
  return 1;
}
