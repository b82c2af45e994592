#pragma once
// For tests: a store whose objects are as old as one likes, and that fails when told to.

#include <map>
#include <mutex>
#include <string>

#include "base/crypto.h"
#include "store/store.h"

namespace limner {

class MemoryStore final : public Store {
 public:
  explicit MemoryStore(const Clock& clock) : clock_(clock) {}

  Result<void> put(std::string_view key, std::span<const std::byte> bytes, std::string_view) override {
    TRY(check_store_key(key));
    put_at(key, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, clock_.now());
    return {};
  }
  /// An object that was put at `modified`.
  void put_at(std::string_view key, std::string bytes, TimeUs modified) {
    const std::lock_guard lock(mutex_);
    objects_[std::string(key)] = {std::move(bytes), modified};
  }
  Result<std::string> get(std::string_view key, size_t bytes_max) override {
    const std::lock_guard lock(mutex_);
    const auto found = objects_.find(key);
    if (found == objects_.end()) return not_found("key", "is not there");
    if (found->second.bytes.size() > bytes_max) return Error{Code::too_large, "key", "is larger", ""};
    return found->second.bytes;
  }
  Result<ObjectInfo> head(std::string_view key) override {
    const std::lock_guard lock(mutex_);
    const auto found = objects_.find(key);
    if (found == objects_.end()) return not_found("key", "is not there");
    return ObjectInfo{found->first, found->second.bytes.size(), found->second.modified};
  }
  Result<void> remove(std::string_view key) override {
    const std::lock_guard lock(mutex_);
    if (fails) return Error{Code::unavailable, "", "out of order", ""};
    if (const auto found = objects_.find(key); found != objects_.end()) objects_.erase(found);
    return {};
  }
  Result<void> list(std::string_view prefix, const std::function<bool(const ObjectInfo&)>& see) override {
    std::vector<ObjectInfo> found;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [key, object] : objects_)
        if (key.starts_with(prefix)) found.push_back({key, object.bytes.size(), object.modified});
    }
    for (const ObjectInfo& object : found)
      if (!see(object)) break;
    return {};
  }
  std::optional<std::string> signed_url(std::string_view, int) override { return std::nullopt; }
  std::string_view kind() const override { return "memory"; }

  bool has(std::string_view key) {
    const std::lock_guard lock(mutex_);
    return objects_.contains(key);
  }
  bool fails = false;  ///< removing does not work

 private:
  struct Object {
    std::string bytes;
    TimeUs modified = 0;
  };
  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Object, std::less<>> objects_;
};

}  // namespace limner
