#pragma once
// Where exceptions of the language and of libraries end: a job fails, its thread goes on.

#include <exception>
#include <new>

#include "base/result.h"

namespace limner::drawing {

/// What `work` returns; if it throws, `exhausted` for memory and `internal` for anything else.
template <class Work>
auto caught(const char* what, Work&& work) -> decltype(work()) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return Error{Code::exhausted, "memory", std::string(what) + " needs more memory than there is", ""};
  } catch (const std::exception& error) {
    return Error{Code::internal, "", std::string(what) + ": " + error.what(), ""};
  }
}

}  // namespace limner::drawing
