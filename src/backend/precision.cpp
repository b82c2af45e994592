#include "backend/backend.h"

namespace limner {

std::string_view precision_name(Precision precision) {
  switch (precision) {
    case Precision::f32:
      return "f32";
    case Precision::bf16:
      return "bf16";
    case Precision::bf16_direct:
      return "bf16-direct";
  }
  return "unknown";
}

}  // namespace limner
