#include "base/result.h"

#include <cstdio>
#include <cstdlib>

#include "base/check.h"

namespace limner {

const char* code_name(Code code) {
  switch (code) {
    case Code::invalid:
      return "invalid";
    case Code::unsupported:
      return "unsupported";
    case Code::unauthenticated:
      return "unauthenticated";
    case Code::forbidden:
      return "forbidden";
    case Code::not_found:
      return "not_found";
    case Code::conflict:
      return "conflict";
    case Code::too_large:
      return "too_large";
    case Code::exhausted:
      return "exhausted";
    case Code::refused:
      return "refused";
    case Code::cancelled:
      return "cancelled";
    case Code::deadline:
      return "deadline";
    case Code::unavailable:
      return "unavailable";
    case Code::data_loss:
      return "data_loss";
    case Code::internal:
      return "internal";
  }
  return "internal";
}

std::string Error::text() const {
  std::string text = field.empty() ? message : field + ": " + message;
  if (!hint.empty()) text += " (" + hint + ")";
  return text;
}

void check_failed(const char* condition, const char* what, const char* file, int line) {
  std::fprintf(stderr, "limner: broken promise at %s:%d: %s (%s)\n", file, line, what, condition);
  std::abort();
}

}  // namespace limner
