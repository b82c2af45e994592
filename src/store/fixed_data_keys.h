#pragma once
// For tests: data keys without a ledger.

#include <map>
#include <mutex>
#include <set>
#include <string>

#include "base/aead.h"
#include "base/crypto.h"
#include "base/ids.h"
#include "store/data_keys.h"

namespace limner {

/// One key for all objects whose names have the same first segment.
class FixedDataKeys final : public DataKeys {
 public:
  Result<DataKey> for_writing(std::string_view object) override {
    const std::lock_guard lock(mutex_);
    DataKey& key = keys_[std::string(object.substr(0, object.find('/')))];
    if (key.id.empty()) key = {new_id("dky"), random_bytes(kAeadKeyBytes)};
    return key;
  }
  Result<DataKey> for_reading(std::string_view object, std::string_view id) override {
    const std::lock_guard lock(mutex_);
    if (forgotten_.contains(std::string(id))) return not_found("store", "the key was forgotten");
    const auto found = keys_.find(std::string(object.substr(0, object.find('/'))));
    if (found == keys_.end() || found->second.id != id)
      return Error{Code::data_loss, "store", "there was never such a key", {}};
    return found->second;
  }
  void forget(const std::string& owner) {
    const std::lock_guard lock(mutex_);
    forgotten_.insert(keys_[owner].id);
    keys_.erase(owner);
  }

 private:
  std::mutex mutex_;
  std::map<std::string, DataKey> keys_;
  std::set<std::string> forgotten_;
};

}  // namespace limner
