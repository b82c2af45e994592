#pragma once
// A store that fails when a test says so.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "store/store.h"

namespace limner {

/// Passes everything on to another store, unless `fault` has an Error for it. `fault` is asked with the
/// operation's name and key, before; it may wait, and is called by whoever calls the store.
class FailingStore final : public Store {
 public:
  using Fault = std::function<std::optional<Error>(std::string_view operation, std::string_view key)>;
  FailingStore(std::unique_ptr<Store> inner, Fault fault)
      : inner_(std::move(inner)), fault_(std::move(fault)) {}

  Result<void> put(std::string_view key, std::span<const std::byte> bytes,
                   std::string_view content_type) override {
    if (const std::optional<Error> error = fault_("put", key)) return *error;
    return inner_->put(key, bytes, content_type);
  }
  Result<std::string> get(std::string_view key, size_t bytes_max) override {
    if (const std::optional<Error> error = fault_("get", key)) return *error;
    return inner_->get(key, bytes_max);
  }
  Result<ObjectInfo> head(std::string_view key) override {
    if (const std::optional<Error> error = fault_("head", key)) return *error;
    return inner_->head(key);
  }
  Result<void> remove(std::string_view key) override {
    if (const std::optional<Error> error = fault_("remove", key)) return *error;
    return inner_->remove(key);
  }
  Result<void> list(std::string_view prefix, const std::function<bool(const ObjectInfo&)>& see) override {
    if (const std::optional<Error> error = fault_("list", prefix)) return *error;
    return inner_->list(prefix, see);
  }
  std::optional<std::string> signed_url(std::string_view key, int) override {
    return "https://remote/" + std::string(key);
  }
  std::string_view kind() const override { return "failing"; }
  Store& inner() { return *inner_; }

 private:
  std::unique_ptr<Store> inner_;
  Fault fault_;
};

}  // namespace limner
