#pragma once
// What a check needs and loads when it is first asked.

#include <functional>
#include <memory>
#include <mutex>

#include "base/result.h"

namespace limner {

/// Loaded when it is first asked for, so that a policy can be read where there are no weights. A failure is
/// remembered no longer than it lasts: what is fetched later is found. Thread-safe.
template <class T>
class LateLoaded {
 public:
  explicit LateLoaded(std::function<Result<std::unique_ptr<T>>()> load) : load_(std::move(load)) {}

  Result<const T*> get() {
    const std::lock_guard lock(mutex_);
    if (!loaded_) loaded_ = TRY(load_());
    return const_cast<const T*>(loaded_.get());
  }

 private:
  std::function<Result<std::unique_ptr<T>>()> load_;
  std::mutex mutex_;
  std::unique_ptr<T> loaded_;
};

}  // namespace limner
