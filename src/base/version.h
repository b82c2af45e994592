#pragma once
// Which Limner this is.

namespace limner {

inline constexpr const char* kVersion = "0.1.0";
/// Version, compiler and build kind: what has to agree for the same bytes.
#ifdef __clang__
inline constexpr const char* kBuild = "0.1.0 clang " __clang_version__;
#else
inline constexpr const char* kBuild = "0.1.0 gcc " __VERSION__;
#endif

}  // namespace limner
