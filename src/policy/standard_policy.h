#pragma once
// The policy that is asked where nobody names one.

#include "policy/policy.h"

namespace limner {

/// A few phrases that are refused everywhere: sexual pictures of children. All other categories are
/// unchecked; who serves strangers writes a policy of their own.
Policy standard_policy();

}  // namespace limner
