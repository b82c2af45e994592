#include "cli/exit_status.h"

namespace limner {

int exit_status(Code code) {
  switch (code) {
    case Code::invalid:
    case Code::unsupported:
    case Code::not_found:
    case Code::conflict:
    case Code::too_large:
    case Code::forbidden:
      return 2;
    case Code::refused:
      return 3;
    case Code::cancelled:
      return 130;
    case Code::unauthenticated:
    case Code::exhausted:
    case Code::deadline:
    case Code::unavailable:
    case Code::data_loss:
    case Code::internal:
      return 1;
  }
  return 1;
}

int exit_status(Outcome outcome) {
  switch (outcome) {
    case Outcome::pass:
      return 0;
    case Outcome::refuse:
      return 3;
    case Outcome::hold:
      return 4;
  }
  return 4;
}

}  // namespace limner
