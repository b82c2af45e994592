// Merge lists and the vocabulary that follows from one.

#include <fmt/format.h>

#include <algorithm>

#include "text/byte_symbols.h"
#include "text/tokenizer_files.h"
#include "text/unicode.h"

namespace limner {
namespace {

// CLIP has 49408 tokens, among them two alphabets of 256 and two special tokens. The published list of merges
// goes on.
constexpr size_t kClipMerges = 49408 - 2 * 256 - 2;

Vocabulary derive_vocabulary(const std::vector<Merge>& merges, const TokenizerFiles& files) {
  Vocabulary vocabulary;
  const auto append = [&](std::string token) {
    vocabulary.emplace_back(std::move(token), static_cast<int32_t>(vocabulary.size()));
  };
  for (const std::string_view suffix : {std::string_view(), kEndOfWord})
    for (const uint8_t byte : byte_order()) {
      std::string symbol;
      append_utf8(byte_symbols()[byte], symbol);
      append(symbol.append(suffix));
    }
  for (const Merge& merge : merges) append(merge.left + merge.right);
  append(files.bos);
  append(files.eos);
  return vocabulary;
}

}  // namespace

Result<std::vector<Merge>> parse_merges(std::string_view text, std::string_view field, size_t count_max) {
  std::vector<Merge> merges;
  for (size_t number = 1; !text.empty() && merges.size() < count_max; ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with("#version")) continue;
    const size_t space = line.find(' ');
    if (space == line.npos || space == 0 || space + 1 == line.size() ||
        line.find(' ', space + 1) != line.npos)
      return invalid(std::string(field),
                     fmt::format("line {} is not two symbols with a space between", number));
    merges.push_back({std::string(line.substr(0, space)), std::string(line.substr(space + 1))});
  }
  return merges;
}

Result<TokenizerFiles> derive_tokenizer(std::string_view merges_txt) {
  TokenizerFiles files;
  files.merges = TRY(parse_merges(merges_txt, "merges.txt", kClipMerges));
  files.vocabulary = derive_vocabulary(files.merges, files);
  // `normalized` as in the files of the published models: their text is recognised in capitals too.
  files.added = {{.content = files.bos, .normalized = true}, {.content = files.eos, .normalized = true}};
  return files;
}

}  // namespace limner
