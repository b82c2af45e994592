#pragma once
// Tokens in the fixed windows that a CLIP text encoder reads.

#include <cstdint>
#include <string>
#include <vector>

#include "text/clip_tokenizer.h"
#include "text/prompt.h"

namespace limner {

/// One window: bos, tokens, eos, padding.
struct TokenChunk {
  std::vector<int32_t> ids;
  std::vector<float> weights;  ///< one an id; 1 for bos, eos and padding
  int32_t eos_index = 0;       ///< position of the first eos, whose state transformers pools
};

struct TokenizedPrompt {
  std::vector<TokenChunk> chunks;  ///< one or more
  std::string dropped;             ///< what did not fit, decoded, for a warning; empty if nothing
};

/// What happens to a prompt of more tokens than a window has.
enum class LongPrompt {
  truncate,  ///< the rest is dropped, as diffusers does; BREAK has no effect
  /// One window after another, as AUTOMATIC1111 does: a window that is full in the middle of a phrase ends at
  /// a comma if one lies among its last 20 tokens; BREAK starts a new window; a placeholder of several ids
  /// stays whole.
  chunk
};

/// The windows of `sections`, each exactly `window` ids long (3 or more; usually 77). An empty prompt makes
/// one window.
TokenizedPrompt window_tokens(const ClipTokenizer& tokenizer, const std::vector<Section>& sections,
                              int window, LongPrompt mode);

/// Gives a positive and a negative prompt of one `window` the same number of chunks, adding empty ones.
void pad_to_same_chunks(const ClipTokenizer& tokenizer, int window, TokenizedPrompt& a, TokenizedPrompt& b);

}  // namespace limner
