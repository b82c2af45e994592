#pragma once
// A cache of few values that are dear to make and large to keep.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace limner {

/// Values by key, at most so many and of so many bytes; what was asked for longest ago is dropped first, but
/// never what was kept last. What is dropped depends on the calls alone. Not thread-safe.
template <class Key, class Value>
class RecentlyUsed {
 public:
  RecentlyUsed(size_t count_max, size_t bytes_max) : count_max_(count_max), bytes_max_(bytes_max) {}

  /// Null if it is not there; valid until the next keep(). Allocates nothing.
  Value* find(const Key& key) {
    const auto found = std::ranges::find(entries_, key, &Entry::key);
    if (found == entries_.end()) return nullptr;
    found->used = ++uses_;
    return &found->value;
  }

  /// Keeps what find() did not find; returns how many others were dropped for it.
  size_t keep(Key key, Value value, size_t bytes) {
    entries_.push_back({std::move(key), std::move(value), bytes, ++uses_});
    bytes_ += bytes;
    size_t dropped = 0;
    for (; entries_.size() > 1 && (entries_.size() > count_max_ || bytes_ > bytes_max_); ++dropped) {
      const auto oldest = std::ranges::min_element(entries_, {}, &Entry::used);
      bytes_ -= oldest->bytes;
      entries_.erase(oldest);
    }
    return dropped;
  }

  size_t size() const { return entries_.size(); }
  size_t bytes() const { return bytes_; }

 private:
  struct Entry {
    Key key;
    Value value;
    size_t bytes;
    uint64_t used;
  };
  size_t count_max_, bytes_max_;
  size_t bytes_ = 0;
  uint64_t uses_ = 0;
  std::vector<Entry> entries_;
};

}  // namespace limner
