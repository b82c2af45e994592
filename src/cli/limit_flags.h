#pragma once
// Limits of a tenant or a key as flags.

#include <CLI/CLI.hpp>
#include <map>
#include <string>

#include "ledger/tenants.h"

namespace limner {

/// What was said, by flag. "none" takes a limit away; what is not said stays.
class LimitFlags {
 public:
  void add_to(CLI::App& command);
  Result<Limits> apply(const Limits& limits) const;

 private:
  std::map<std::string, std::string> said_;
};

}  // namespace limner
