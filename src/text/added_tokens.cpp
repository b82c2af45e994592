#include "text/added_tokens.h"

#include <algorithm>

#include "base/check.h"
#include "text/clip_words.h"
#include "text/unicode.h"

namespace limner {
namespace {

uint64_t edge_key(uint32_t node, char32_t code_point) {
  return static_cast<uint64_t>(node) << 32 | code_point;
}

}  // namespace

void AddedTokens::Trie::insert(std::u32string_view pattern, size_t entry) {
  uint32_t node = 0;
  for (const char32_t code_point : pattern) {
    const auto [edge, fresh] = edges.emplace(edge_key(node, code_point), node_count);
    if (fresh) ++node_count;
    node = edge->second;
  }
  entries.emplace(node, entry);  // of two tokens with one normal form the first is found
}

void AddedTokens::add(const AddedToken& token, std::vector<int32_t> ids) {
  LIMNER_CHECK(!token.content.empty() && !ids.empty(), "an added token has a text and stands for something");
  const auto [place, fresh] = by_content_.emplace(token.content, entries_.size());
  if (!fresh) {
    entries_[place->second].token.lstrip = token.lstrip;
    entries_[place->second].token.rstrip = token.rstrip;
    return;
  }
  const std::u32string text = decode_utf8(token.content);
  if (token.normalized) {
    normalized_.insert(normalize_clip_text(text), entries_.size());
  } else {
    raw_.insert(text, entries_.size());
  }
  entries_.push_back({token, std::move(ids)});
}

const std::vector<int32_t>* AddedTokens::find(const std::string& content) const {
  const auto found = by_content_.find(content);
  return found == by_content_.end() ? nullptr : &entries_[found->second].ids;
}

AddedTokens::Match AddedTokens::next_match(const Trie& trie, std::u32string_view text, size_t from) {
  for (size_t begin = from; begin < text.size(); ++begin) {
    Match match{begin, begin, 0};
    uint32_t node = 0;
    for (size_t at = begin; at < text.size(); ++at) {
      const auto edge = trie.edges.find(edge_key(node, text[at]));
      if (edge == trie.edges.end()) break;
      node = edge->second;
      if (const auto entry = trie.entries.find(node); entry != trie.entries.end())
        match = {begin, at + 1, entry->second};
    }
    if (match.end > match.begin) return match;
  }
  return {text.size(), text.size(), 0};
}

void AddedTokens::split(const Trie& trie, std::u32string_view text, const Visit& visit) const {
  size_t done = 0;
  for (Match match = next_match(trie, text, 0); match.begin < text.size();
       match = next_match(trie, text, match.end)) {
    const Entry& entry = entries_[match.entry];
    size_t begin = match.begin, end = match.end;
    if (entry.token.lstrip)
      while (begin > done && is_space(text[begin - 1])) --begin;
    if (entry.token.rstrip)
      while (end < text.size() && is_space(text[end])) ++end;
    if (done < begin) visit(nullptr, text.substr(done, begin - done));
    visit(&entry.ids, {});
    done = std::max(done, end);
  }
  if (done < text.size()) visit(nullptr, text.substr(done));
}

}  // namespace limner
