#include "store/key_locks.h"

namespace limner {

KeyLocks::Held::Held(KeyLocks& locks, std::string_view key) : locks_(locks), key_(key) {
  std::unique_lock lock(locks_.mutex_);
  locks_.released_.wait(lock, [&] { return !locks_.held_.contains(key_); });
  locks_.held_.insert(key_);
}

KeyLocks::Held::~Held() {
  {
    const std::lock_guard lock(locks_.mutex_);
    locks_.held_.erase(key_);
  }
  locks_.released_.notify_all();
}

}  // namespace limner
