// The first byte picks what the rest is: a text to encode, a merges.txt, a tokenizer.json or a
// tokenizer_config.json.

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "text/clip_tokenizer.h"

namespace limner {
namespace {

constexpr std::string_view kMerges = "#version: 0.2\nt h\nth e</w>\na n\nan d</w>\n' s</w>\n";

void require(bool holds) {
  if (!holds) std::abort();
}

// A folder of this process with one file, whose content changes.
std::filesystem::path folder_with(const char* name, std::string_view text) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("limner-fuzz-" + std::to_string(getpid())) / name;
  std::filesystem::create_directories(folder);
  std::ofstream(folder / name, std::ios::binary) << text;
  return folder;
}

void check_text(const ClipTokenizer& tokenizer, std::string_view text) {
  const std::vector<int32_t> ids = tokenizer.encode(text);
  for (const int32_t id : ids) require(id >= 0 && id < tokenizer.vocab_size());
  tokenizer.decode(ids);
}

void check_opened(const Result<ClipTokenizer>& tokenizer) {
  if (tokenizer) {
    check_text(*tokenizer, "The cat's <|startoftext|>\xF0\x9F\x91\x8D 42");
  } else {
    require(!tokenizer.error().text().empty());
  }
}

void check_config(std::string_view config) {
  const std::filesystem::path folder = folder_with("tokenizer_config.json", config);
  std::ofstream(folder / "vocab.json") << R"({"<|endoftext|>": 0, "a": 1, "a</w>": 2})";
  std::ofstream(folder / "merges.txt") << "#version: 0.2\n";
  check_opened(ClipTokenizer::open(folder));
}

}  // namespace
}  // namespace limner

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace limner;
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0: {
      const Result<ClipTokenizer> tokenizer = ClipTokenizer::from_merges(kMerges);
      require(tokenizer.has_value());
      check_text(*tokenizer, rest);
      break;
    }
    case 1:
      check_opened(ClipTokenizer::from_merges(rest));
      break;
    case 2:
      check_opened(ClipTokenizer::open(folder_with("tokenizer.json", rest)));
      break;
    case 3:
      check_config(rest);
      break;
  }
  return 0;
}
