#pragma once
// What texts were encoded to: the empty negative prompt of nearly every picture, the prompt of its
// variations.

#include <cstddef>
#include <list>
#include <map>
#include <string>
#include <string_view>

#include "engine/conditioning.h"

namespace limner {

/// The conditionings of the texts that were used last, by everything that they depend on beside the weights.
/// Bounded in number and bytes. For one thread: that which opens drawings.
class ConditioningCache {
 public:
  /// Null if it is not here.
  ConditioningPtr find(std::string_view key);
  void keep(std::string key, ConditioningPtr conditioning);
  size_t count() const { return entries_.size(); }

 private:
  struct Entry {
    std::string key;
    ConditioningPtr conditioning;
    size_t bytes() const;
  };
  std::list<Entry> entries_;  ///< used last: first
  std::map<std::string_view, std::list<Entry>::iterator> places_;
  size_t bytes_ = 0;
};

/// The key of a text: what every encoder reads of it, with its emphasis, and from which layer. Token ids are
/// the text as far as encoders see it.
std::string conditioning_key(const TokenizedText& text, int clip_skip);

}  // namespace limner
