#include "text/clip_tokenizer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "text/byte_symbols.h"
#include "text/clip_words.h"
#include "text/tokenizer_files.h"
#include "text/unicode.h"

namespace limner {
namespace {

// Appends the bytes that a token's symbols stand for; a token with any other character is text as it is.
void append_token_bytes(std::string_view token, std::string& out) {
  const size_t before = out.size();
  for (const char32_t symbol : decode_utf8(token)) {
    const std::optional<uint8_t> byte = byte_of_symbol(symbol);
    if (!byte) {
      out.resize(before);
      out.append(token);
      return;
    }
    out.push_back(static_cast<char>(*byte));
  }
}

std::string replace_word_ends(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    if (text.substr(at).starts_with(kEndOfWord)) {
      out.push_back(' ');
      at += kEndOfWord.size();
    } else {
      out.push_back(text[at++]);
    }
  }
  return out;
}

std::string strip_spaces(std::string_view utf8) {
  std::u32string text = decode_utf8(utf8);
  // Python's str.strip also takes the four separators of ASCII.
  const auto is_text = [](char32_t c) { return !is_space(c) && !(c >= 0x1C && c <= 0x1F); };
  text.erase(std::find_if(text.rbegin(), text.rend(), is_text).base(), text.end());
  text.erase(text.begin(), std::find_if(text.begin(), text.end(), is_text));
  return encode_utf8(text);
}

}  // namespace

Result<ClipTokenizer> ClipTokenizer::open(const std::filesystem::path& folder) {
  return assemble(TRY(read_tokenizer_folder(folder)));
}

Result<ClipTokenizer> ClipTokenizer::from_merges(std::string_view merges_txt) {
  return assemble(TRY(derive_tokenizer(merges_txt)));
}

Result<ClipTokenizer> ClipTokenizer::assemble(const TokenizerFiles& files) {
  ClipTokenizer tokenizer(TRY(Bpe::make(files.vocabulary, files.merges, files.unk)));
  int32_t next_id = tokenizer.bpe_.token_count();
  tokenizer.vocab_size_ = tokenizer.bpe_.id_end();
  for (const AddedToken& token : files.added) {
    std::optional<int32_t> id = tokenizer.id_of(token.content);
    if (!id) {
      id = next_id++;
      tokenizer.added_texts_.emplace(*id, token.content);
      tokenizer.vocab_size_ = std::max(tokenizer.vocab_size_, next_id);
    }
    tokenizer.added_.add(token, {*id});
  }
  const auto special_id = [&](const std::string& token) {
    const std::optional<int32_t> id = tokenizer.id_of(token);
    LIMNER_CHECK(id.has_value(), "bos, eos and pad are among the added tokens");
    return *id;
  };
  tokenizer.bos_ = special_id(files.bos);
  tokenizer.eos_ = special_id(files.eos);
  tokenizer.pad_ = special_id(files.pad);
  tokenizer.length_max_ = files.length_max;
  return tokenizer;
}

std::vector<int32_t> ClipTokenizer::encode(std::string_view utf8) const {
  std::vector<int32_t> ids;
  const auto append_ids = [&](const std::vector<int32_t>& token_ids) {
    ids.insert(ids.end(), token_ids.begin(), token_ids.end());
  };
  added_.split_raw(decode_utf8(utf8), [&](const std::vector<int32_t>* raw_ids, std::u32string_view raw) {
    if (raw_ids) return append_ids(*raw_ids);
    added_.split_normalized(normalize_clip_text(raw),
                            [&](const std::vector<int32_t>* token_ids, std::u32string_view text) {
                              if (token_ids) return append_ids(*token_ids);
                              encode_plain(text, ids);
                            });
  });
  return ids;
}

void ClipTokenizer::encode_plain(std::u32string_view text, std::vector<int32_t>& ids) const {
  for (const std::u32string_view word : split_clip_words(text)) bpe_.encode_word(encode_utf8(word), ids);
}

std::string ClipTokenizer::decode(std::span<const int32_t> ids) const {
  std::string bytes;
  for (const int32_t id : ids) append_token_bytes(token_of(id), bytes);
  return strip_spaces(replace_word_ends(bytes));
}

std::string_view ClipTokenizer::token_of(int32_t id) const {
  const auto added = added_texts_.find(id);
  return added == added_texts_.end() ? bpe_.token_of(id) : std::string_view(added->second);
}

std::optional<int32_t> ClipTokenizer::id_of(std::string_view token) const {
  if (const std::vector<int32_t>* ids = added_.find(std::string(token))) return ids->front();
  return bpe_.id_of(token);
}

void ClipTokenizer::set_pad(int32_t id) {
  LIMNER_CHECK(!token_of(id).empty(), "the pad id is one of the vocabulary");
  pad_ = id;
  added_.add({.content = std::string(token_of(id))}, {id});
}

Result<void> ClipTokenizer::add_token(std::string token, std::vector<int32_t> ids) {
  const size_t size = decode_utf8(token).size();
  if (size == 0 || size > kAddedTokenMax)
    return invalid("token",
                   fmt::format("a placeholder of {} characters; 1 to {} are allowed", size, kAddedTokenMax));
  const std::vector<int32_t> now = encode(token);
  const bool placeholder = !now.empty() && now.front() >= vocab_size_ && group_size(now) == now.size();
  if (id_of(token) || placeholder)
    return invalid("token", fmt::format("'{}' is a token already", token), "rename the placeholder");
  if (ids.empty()) return invalid("token", fmt::format("'{}' stands for no ids", token));
  if (std::ranges::any_of(ids, [&](int32_t id) { return id < vocab_size_; }))
    return invalid(
        "token", fmt::format("'{}' stands for ids of the vocabulary; they start at {}", token, vocab_size_));
  added_texts_[ids.front()] = token;
  placeholder_sizes_[ids.front()] = ids.size();
  added_.add({.content = std::move(token), .normalized = true}, std::move(ids));
  return {};
}

size_t ClipTokenizer::group_size(std::span<const int32_t> ids) const {
  const auto placeholder = placeholder_sizes_.find(ids.front());
  return placeholder == placeholder_sizes_.end() ? 1 : std::min(placeholder->second, ids.size());
}

}  // namespace limner
