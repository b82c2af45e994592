#pragma once
// Who asks.

#include <string>

#include "base/trace.h"
#include "ledger/tenants.h"

namespace limner {

struct Caller {
  Tenant tenant;
  ApiKey key;
  std::string request_id;
  std::string dialect = "native";
  TraceContext trace;
};

}  // namespace limner
