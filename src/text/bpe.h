#pragma once
// Byte-pair encoding of one word (Sennrich et al. 2016, arXiv:1508.07909), CLIP's kind: over byte symbols,
// the last symbol of a word marked with </w>.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"

namespace limner {

/// What CLIP's vocabularies append to the last symbol of a word.
inline constexpr std::string_view kEndOfWord = "</w>";

/// Largest number of tokens a vocabulary may have; ids lie below it.
inline constexpr int32_t kVocabularyMax = 1 << 20;

/// Two neighbouring symbols that become one. Merges are listed in order of application.
struct Merge {
  std::string left, right;
};

/// Tokens with their ids, in any order.
using Vocabulary = std::vector<std::pair<std::string, int32_t>>;

class Bpe {
 public:
  /// `unk` stands for byte symbols that the vocabulary lacks. A repeated token or id, an id of
  /// `kVocabularyMax` or more, a merge whose parts or result are no tokens, or a missing byte symbol without
  /// `unk` is `invalid`.
  static Result<Bpe> make(const Vocabulary& vocabulary, const std::vector<Merge>& merges,
                          std::string_view unk);

  /// Appends the ids of one word, given as its bytes; nothing for no bytes. n log n in the word's length.
  void encode_word(std::string_view bytes, std::vector<int32_t>& ids) const;

  std::optional<int32_t> id_of(std::string_view token) const;
  /// The token with that id, empty if there is none.
  std::string_view token_of(int32_t id) const;
  /// How many tokens there are.
  int32_t token_count() const { return static_cast<int32_t>(ids_.size()); }
  /// One more than the largest id.
  int32_t id_end() const { return static_cast<int32_t>(tokens_.size()); }

 private:
  struct Merged {
    uint32_t rank;
    int32_t id;
  };
  struct Symbol;
  struct Candidate;
  class Merger;

  Result<void> add_tokens(const Vocabulary& vocabulary);
  Result<void> add_merges(const std::vector<Merge>& merges);
  Result<void> find_byte_ids(std::string_view unk);
  const Merged* merged(int32_t left, int32_t right) const;

  std::unordered_map<std::string, int32_t> ids_;
  std::vector<std::string> tokens_;
  std::unordered_map<uint64_t, Merged> merges_;  // key: left id, right id
  std::array<int32_t, 256> byte_ids_{};
  std::array<int32_t, 256> last_byte_ids_{};
};

}  // namespace limner
