#pragma once
// A store whose objects nobody can read who has only the store.

#include <memory>

#include "store/data_keys.h"
#include "store/store.h"

namespace limner {

/// Encrypts what is put into another store and decrypts what is got from it (sealed_object.h); names and
/// lengths stay visible. What is not encrypted there, or was changed, is `data_loss`: never bytes. `keys`
/// outlives the store.
class EncryptedStore final : public Store {
 public:
  EncryptedStore(std::unique_ptr<Store> inner, DataKeys& keys) : inner_(std::move(inner)), keys_(keys) {}

  Result<void> put(std::string_view key, std::span<const std::byte> bytes,
                   std::string_view content_type) override;
  /// `not_found` also where the key was forgotten that an object is encrypted with.
  Result<std::string> get(std::string_view key, size_t bytes_max) override;
  Result<ObjectInfo> head(std::string_view key) override;
  Result<void> remove(std::string_view key) override { return inner_->remove(key); }
  /// `bytes` of what is not encrypted is its length as it lies there.
  Result<void> list(std::string_view prefix, const std::function<bool(const ObjectInfo&)>& see) override;
  /// Nothing: whoever followed it would get what he cannot read.
  std::optional<std::string> signed_url(std::string_view, int) override { return std::nullopt; }
  std::string_view kind() const override { return inner_->kind(); }

  /// Encrypts the object that lies there as it was stored before; false if it is encrypted or gone.
  Result<bool> encrypt_in_place(std::string_view key, size_t bytes_max);

 private:
  std::unique_ptr<Store> inner_;
  DataKeys& keys_;
};

}  // namespace limner
