#pragma once
// Assertions about our own code. Never used on bytes from outside: those get a Result.

namespace limner {
/// Prints the broken promise with its place and aborts.
[[noreturn]] void check_failed(const char* condition, const char* what, const char* file, int line);
}  // namespace limner

#define LIMNER_CHECK(condition, what)                               \
  do {                                                              \
    if (!(condition)) [[unlikely]]                                  \
      ::limner::check_failed(#condition, what, __FILE__, __LINE__); \
  } while (false)

#ifdef NDEBUG
#define LIMNER_DCHECK(condition, what) \
  do {                                 \
  } while (false)
#else
#define LIMNER_DCHECK(condition, what) LIMNER_CHECK(condition, what)
#endif
