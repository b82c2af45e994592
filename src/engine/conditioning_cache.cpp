#include "engine/conditioning_cache.h"

#include <cstdint>
#include <utility>

namespace limner {
namespace {

constexpr size_t kEntriesMax = 64;
constexpr size_t kBytesMax = 32u << 20;

template <class Number>
void append(std::string& key, Number number) {
  key.append(reinterpret_cast<const char*>(&number), sizeof(number));
}

// Its length before each list: no two texts have one key.
template <class Number>
void append(std::string& key, const std::vector<Number>& numbers) {
  append(key, static_cast<uint64_t>(numbers.size()));
  for (const Number number : numbers) append(key, number);
}

}  // namespace

size_t ConditioningCache::Entry::bytes() const {
  return key.size() + (conditioning->context.size() + conditioning->pooled.size()) * sizeof(float);
}

ConditioningPtr ConditioningCache::find(std::string_view key) {
  const auto found = places_.find(key);
  if (found == places_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return entries_.front().conditioning;
}

void ConditioningCache::keep(std::string key, ConditioningPtr conditioning) {
  if (places_.contains(key)) return;
  entries_.push_front({std::move(key), std::move(conditioning)});
  places_.emplace(entries_.front().key, entries_.begin());
  bytes_ += entries_.front().bytes();
  while (entries_.size() > kEntriesMax || (bytes_ > kBytesMax && entries_.size() > 1)) {
    const Entry& oldest = entries_.back();
    bytes_ -= oldest.bytes();
    places_.erase(oldest.key);
    entries_.pop_back();
  }
}

std::string conditioning_key(const TokenizedText& text, int clip_skip) {
  std::string key;
  append(key, clip_skip);
  for (const TokenizedPrompt& prompt : text.by_encoder) {
    append(key, static_cast<uint64_t>(prompt.chunks.size()));
    for (const TokenChunk& chunk : prompt.chunks) {
      append(key, chunk.eos_index);
      append(key, chunk.ids);
      append(key, chunk.weights);
    }
  }
  return key;
}

}  // namespace limner
