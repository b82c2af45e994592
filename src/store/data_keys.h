#pragma once
// The keys that objects are encrypted with; who holds them is somebody else's business.

#include <string>
#include <string_view>

#include "base/result.h"

namespace limner {

/// One owner's key.
struct DataKey {
  std::string id;      ///< "dky_..."
  std::string secret;  ///< kAeadKeyBytes, random
};

/// Hands out data keys by the object they are for. Asked each time, so that a key that is forgotten is of no
/// use from that moment on. Thread-safe.
class DataKeys {
 public:
  virtual ~DataKeys() = default;
  /// The key that a new object of this name is encrypted with; made if its owner has none.
  virtual Result<DataKey> for_writing(std::string_view object) = 0;
  /// The key of that id, for an object of this name. `not_found` if it was forgotten, so that nobody can read
  /// what it encrypted; `data_loss` if its owner never had such a key.
  virtual Result<DataKey> for_reading(std::string_view object, std::string_view id) = 0;
};

}  // namespace limner
