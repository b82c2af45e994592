#pragma once
// Tokens that are found in the text as a whole, before it is cut into words: special tokens and placeholders.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace limner {

/// Longest text of an added token, in code points; finding tokens costs up to this much a code point of the
/// prompt.
inline constexpr size_t kAddedTokenMax = 256;

/// How a token is found. Names are those of the `tokenizers` library.
struct AddedToken {
  std::string content;  ///< its text, UTF-8; 1 to `kAddedTokenMax` code points
  bool normalized =
      false;  ///< looked for in normalised form in the normalised text, else literally in the raw text
  bool lstrip = false;  ///< takes white space before it along
  bool rstrip = false;  ///< takes white space behind it along
};

class AddedTokens {
 public:
  /// Makes `token` stand for `ids` (one or more). Of a token that was added before, only `lstrip` and
  /// `rstrip` change, as in the reference.
  void add(const AddedToken& token, std::vector<int32_t> ids);

  /// The ids that `content` stands for, null if it is none of the added tokens.
  const std::vector<int32_t>* find(const std::string& content) const;

  /// Called for each piece of a text in order: `ids` of an added token, or null and the `text` between two.
  using Visit = std::function<void(const std::vector<int32_t>* ids, std::u32string_view text)>;
  /// Splits `text` at the tokens that are looked for literally; the longest wins of those that start
  /// leftmost.
  void split_raw(std::u32string_view text, const Visit& visit) const { split(raw_, text, visit); }
  /// Splits `text`, which is normalised, at the tokens that are looked for in normalised form.
  void split_normalized(std::u32string_view text, const Visit& visit) const {
    split(normalized_, text, visit);
  }

 private:
  struct Entry {
    AddedToken token;
    std::vector<int32_t> ids;
  };
  // A tree of patterns; node 0 is its root.
  struct Trie {
    std::unordered_map<uint64_t, uint32_t> edges;  // node, code point -> node
    std::unordered_map<uint32_t, size_t> entries;  // node -> entry
    uint32_t node_count = 1;
    void insert(std::u32string_view pattern, size_t entry);
  };
  struct Match {
    size_t begin, end, entry;
  };
  // The next match at or after `from`; its begin is the text's size if there is none.
  static Match next_match(const Trie& trie, std::u32string_view text, size_t from);
  void split(const Trie& trie, std::u32string_view text, const Visit& visit) const;

  std::vector<Entry> entries_;
  std::unordered_map<std::string, size_t> by_content_;
  Trie raw_, normalized_;
};

}  // namespace limner
