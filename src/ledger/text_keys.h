#pragma once
// Where the ledger gets the keys from that it seals texts with: they lie wrapped in it (data_keys.h), and
// what unwraps them does not.

#include <string>
#include <string_view>

#include "base/result.h"
#include "ledger/data_keys.h"

namespace limner {

/// Makes and unwraps data keys. Thread-safe; called within the ledger's transactions, so that it must not ask
/// the ledger anything.
class TextKeys {
 public:
  virtual ~TextKeys() = default;
  /// A new key of a tenant, wrapped by the master key of id `master`; by the one that wraps now, where that
  /// is empty. `unavailable` if it is not at hand.
  virtual Result<WrappedDataKey> make(std::string_view tenant, std::string_view master) = 0;
  /// The 32 bytes of a key that is not forgotten. `unavailable` if its master key is not at hand, `data_loss`
  /// if it is not what was wrapped.
  virtual Result<std::string> unwrap(const WrappedDataKey& key) = 0;
};

}  // namespace limner
