#pragma once
// What errors of a store are about.

namespace limner {

/// The field of errors whose cause is the store itself and not what was asked of it.
inline constexpr const char* kStoreField = "store";

}  // namespace limner
