#include "text/bpe.h"

#include <fmt/format.h>

#include <algorithm>
#include <queue>

#include "text/byte_symbols.h"
#include "text/unicode.h"

namespace limner {
namespace {

uint64_t pair_key(int32_t left, int32_t right) {
  return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
}

}  // namespace

Result<Bpe> Bpe::make(const Vocabulary& vocabulary, const std::vector<Merge>& merges, std::string_view unk) {
  Bpe bpe;
  TRY(bpe.add_tokens(vocabulary));
  TRY(bpe.add_merges(merges));
  TRY(bpe.find_byte_ids(unk));
  return bpe;
}

Result<void> Bpe::add_tokens(const Vocabulary& vocabulary) {
  int32_t id_end = 0;
  for (const auto& [token, id] : vocabulary) {
    if (id < 0 || id >= kVocabularyMax)
      return invalid("vocabulary",
                     fmt::format("the id {} of '{}' is not in 0..{}", id, token, kVocabularyMax - 1));
    if (token.empty()) return invalid("vocabulary", fmt::format("the token of id {} is empty", id));
    if (!ids_.emplace(token, id).second)
      return invalid("vocabulary", fmt::format("the token '{}' appears twice", token));
    id_end = std::max(id_end, id + 1);
  }
  tokens_.resize(static_cast<size_t>(id_end));
  for (const auto& [token, id] : vocabulary) {
    std::string& slot = tokens_[static_cast<size_t>(id)];
    if (!slot.empty())
      return invalid("vocabulary", fmt::format("'{}' and '{}' share the id {}", slot, token, id));
    slot = token;
  }
  return {};
}

Result<void> Bpe::add_merges(const std::vector<Merge>& merges) {
  merges_.reserve(merges.size());
  for (size_t rank = 0; rank < merges.size(); ++rank) {
    const Merge& merge = merges[rank];
    const auto left = id_of(merge.left), right = id_of(merge.right), whole = id_of(merge.left + merge.right);
    if (!left || !right || !whole)
      return invalid("merges", fmt::format("merge {} ('{}' '{}') names a token that is not in the vocabulary",
                                           rank + 1, merge.left, merge.right));
    merges_[pair_key(*left, *right)] = {static_cast<uint32_t>(rank), *whole};
  }
  return {};
}

Result<void> Bpe::find_byte_ids(std::string_view unk) {
  const std::optional<int32_t> unk_id = id_of(unk);
  for (size_t byte = 0; byte < byte_ids_.size(); ++byte) {
    std::string symbol;
    append_utf8(byte_symbols()[byte], symbol);
    const auto inner = id_of(symbol), last = id_of(symbol.append(kEndOfWord));
    if ((!inner || !last) && !unk_id)
      return invalid("vocabulary", fmt::format("has no '{}' and no unknown token '{}'", symbol, unk));
    byte_ids_[byte] = inner ? *inner : *unk_id;
    last_byte_ids_[byte] = last ? *last : *unk_id;
  }
  return {};
}

std::optional<int32_t> Bpe::id_of(std::string_view token) const {
  const auto found = ids_.find(std::string(token));
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

std::string_view Bpe::token_of(int32_t id) const {
  return id >= 0 && id < id_end() ? std::string_view(tokens_[static_cast<size_t>(id)]) : std::string_view();
}

const Bpe::Merged* Bpe::merged(int32_t left, int32_t right) const {
  const auto found = merges_.find(pair_key(left, right));
  return found == merges_.end() ? nullptr : &found->second;
}

// A symbol of the word as it stands: a doubly linked list inside one vector; `gone` once merged into its left
// one.
struct Bpe::Symbol {
  int32_t id;
  int32_t previous, next;  // -1 at the ends
  bool gone = false;
};

// "The symbol at `position` and its right neighbour give `id`", as seen when it was queued.
struct Bpe::Candidate {
  uint32_t rank;
  int32_t position;
  int32_t id;
  // The queue yields the lowest rank, of equals the leftmost.
  bool operator<(const Candidate& other) const {
    return rank != other.rank ? rank > other.rank : position > other.position;
  }
};

class Bpe::Merger {
 public:
  Merger(const Bpe& bpe, std::vector<Symbol> symbols) : bpe_(bpe), symbols_(std::move(symbols)) {}

  void run() {
    for (size_t i = 0; i + 1 < symbols_.size(); ++i) propose(static_cast<int32_t>(i));
    while (!queue_.empty()) {
      const Candidate candidate = queue_.top();
      queue_.pop();
      if (still_holds(candidate)) apply(candidate);
    }
  }

  void append_ids(std::vector<int32_t>& ids) const {
    for (const Symbol& symbol : symbols_)
      if (!symbol.gone) ids.push_back(symbol.id);
  }

 private:
  Symbol& at(int32_t position) { return symbols_[static_cast<size_t>(position)]; }

  const Merged* merged_at(int32_t position) {
    const Symbol& symbol = at(position);
    return symbol.gone || symbol.next < 0 ? nullptr : bpe_.merged(symbol.id, at(symbol.next).id);
  }

  void propose(int32_t position) {
    if (position < 0) return;
    if (const Merged* merged = merged_at(position)) queue_.push({merged->rank, position, merged->id});
  }

  // Either symbol may have been merged otherwise since.
  bool still_holds(const Candidate& candidate) {
    const Merged* merged = merged_at(candidate.position);
    return merged && merged->id == candidate.id;
  }

  void apply(const Candidate& candidate) {
    Symbol& left = at(candidate.position);
    Symbol& right = at(left.next);
    left.id = candidate.id;
    left.next = right.next;
    right.gone = true;
    if (left.next >= 0) at(left.next).previous = candidate.position;
    propose(left.previous);
    propose(candidate.position);
  }

  const Bpe& bpe_;
  std::vector<Symbol> symbols_;
  std::priority_queue<Candidate> queue_;
};

void Bpe::encode_word(std::string_view bytes, std::vector<int32_t>& ids) const {
  if (bytes.empty()) return;
  std::vector<Symbol> symbols(bytes.size());
  const auto count = static_cast<int32_t>(bytes.size());
  for (int32_t i = 0; i < count; ++i) {
    const auto byte = static_cast<uint8_t>(bytes[static_cast<size_t>(i)]);
    const bool last = i + 1 == count;
    symbols[static_cast<size_t>(i)] = {last ? last_byte_ids_[byte] : byte_ids_[byte], i - 1,
                                       last ? -1 : i + 1};
  }
  Merger merger(*this, std::move(symbols));
  merger.run();
  merger.append_ids(ids);
}

}  // namespace limner
