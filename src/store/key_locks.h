#pragma once
// A lock for each key, made while it is held.

#include <condition_variable>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

namespace limner {

/// Makes those who change the same key take turns, and no others.
class KeyLocks {
 public:
  /// Holds a key for its own life.
  class Held {
   public:
    Held(KeyLocks& locks, std::string_view key);
    ~Held();
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;

   private:
    KeyLocks& locks_;
    std::string key_;
  };

 private:
  std::mutex mutex_;
  std::condition_variable released_;
  std::set<std::string, std::less<>> held_;
};

}  // namespace limner
