#include "text/token_window.h"

#include <algorithm>
#include <span>

#include "base/check.h"

namespace limner {
namespace {

// A1111's default of `comma_padding_backtrack`.
constexpr size_t kCommaReach = 20;

// Tokens of a window without bos and eos.
struct Body {
  std::vector<int32_t> ids;
  std::vector<float> weights;

  size_t size() const { return ids.size(); }

  void append(std::span<const int32_t> more, float weight) {
    ids.insert(ids.end(), more.begin(), more.end());
    weights.insert(weights.end(), more.size(), weight);
  }

  // Cuts off and returns what lies at `begin` and behind.
  Body split_off(size_t begin) {
    Body tail{{ids.begin() + static_cast<ptrdiff_t>(begin), ids.end()},
              {weights.begin() + static_cast<ptrdiff_t>(begin), weights.end()}};
    ids.resize(begin);
    weights.resize(begin);
    return tail;
  }
};

TokenChunk close_window(const ClipTokenizer& tokenizer, const Body& body, size_t window) {
  TokenChunk chunk;
  chunk.ids = {tokenizer.bos()};
  chunk.ids.insert(chunk.ids.end(), body.ids.begin(), body.ids.end());
  chunk.ids.push_back(tokenizer.eos());
  chunk.ids.resize(window, tokenizer.pad());
  chunk.weights = {1.0f};
  chunk.weights.insert(chunk.weights.end(), body.weights.begin(), body.weights.end());
  chunk.weights.resize(window, 1.0f);
  chunk.eos_index = static_cast<int32_t>(std::ranges::find(chunk.ids, tokenizer.eos()) - chunk.ids.begin());
  return chunk;
}

TokenizedPrompt truncate_tokens(const ClipTokenizer& tokenizer, const std::vector<Section>& sections,
                                size_t window) {
  Body body;
  for (const Section& section : sections)
    for (const WeightedText& piece : section) body.append(tokenizer.encode(piece.text), piece.weight);
  TokenizedPrompt prompt;
  if (body.size() > window - 2) prompt.dropped = tokenizer.decode(body.split_off(window - 2).ids);
  prompt.chunks.push_back(close_window(tokenizer, body, window));
  return prompt;
}

// A1111's `TextConditionalModel.tokenize_line` (modules/sd_hijack_clip.py).
class Chunker {
 public:
  Chunker(const ClipTokenizer& tokenizer, size_t window)
      : tokenizer_(tokenizer),
        window_(window),
        body_max_(window - 2),
        comma_(tokenizer.id_of(",</w>").value_or(-1)) {}

  void add_section(const Section& section) {
    for (const WeightedText& piece : section) {
      const std::vector<int32_t> ids = tokenizer_.encode(piece.text);
      for (size_t at = 0; at < ids.size();) {
        const auto rest = std::span(ids).subspan(at);
        const auto group = rest.first(tokenizer_.group_size(rest));
        add_group(group, piece.weight);
        at += group.size();
      }
    }
  }

  void finish_chunk() {
    chunks_.push_back(close_window(tokenizer_, body_, window_));
    body_ = {};
    after_comma_ = 0;
  }

  std::vector<TokenChunk> finish() {
    if (body_.size() > 0 || chunks_.empty()) finish_chunk();
    return std::move(chunks_);
  }

 private:
  void add_group(std::span<const int32_t> group, float weight) {
    if (group[0] != comma_ && body_.size() == body_max_) move_phrase();
    // A placeholder longer than a whole window is cut: it fits nowhere.
    if (body_.size() + group.size() > body_max_ && body_.size() > 0) finish_chunk();
    for (; group.size() > body_max_; group = group.subspan(body_max_)) {
      body_.append(group.first(body_max_), weight);
      finish_chunk();
    }
    if (group[0] == comma_) after_comma_ = body_.size() + 1;
    body_.append(group, weight);
  }

  // Ends a full window at its last comma, if that is near, and starts the next with what followed.
  void move_phrase() {
    if (after_comma_ == 0 || body_.size() + 1 - after_comma_ > kCommaReach) return;
    Body tail = body_.split_off(after_comma_);
    finish_chunk();
    body_ = std::move(tail);
  }

  const ClipTokenizer& tokenizer_;
  size_t window_, body_max_;
  int32_t comma_;
  Body body_;
  size_t after_comma_ = 0;  // the position behind the window's last comma; 0 if it has none
  std::vector<TokenChunk> chunks_;
};

}  // namespace

TokenizedPrompt window_tokens(const ClipTokenizer& tokenizer, const std::vector<Section>& sections,
                              int window, LongPrompt mode) {
  LIMNER_CHECK(window >= 3, "a window holds bos, a token and eos");
  if (mode == LongPrompt::truncate) return truncate_tokens(tokenizer, sections, static_cast<size_t>(window));
  Chunker chunker(tokenizer, static_cast<size_t>(window));
  for (size_t i = 0; i < sections.size(); ++i) {
    if (i > 0) chunker.finish_chunk();
    chunker.add_section(sections[i]);
  }
  return {chunker.finish(), {}};
}

void pad_to_same_chunks(const ClipTokenizer& tokenizer, int window, TokenizedPrompt& a, TokenizedPrompt& b) {
  const TokenChunk empty = close_window(tokenizer, {}, static_cast<size_t>(window));
  const size_t count = std::max(a.chunks.size(), b.chunks.size());
  a.chunks.resize(count, empty);
  b.chunks.resize(count, empty);
}

}  // namespace limner
