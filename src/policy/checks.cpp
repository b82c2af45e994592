#include "policy/check.h"

namespace limner {

extern const CheckInfo kTermsCheck, kPictureClassesCheck, kConceptsCheck, kCopiesCheck,
    kModerationEndpointCheck;

namespace {

// A check exists for policies, `limner policy list-checks` and the tests by being named here.
constexpr const CheckInfo* kChecks[] = {&kTermsCheck, &kPictureClassesCheck, &kConceptsCheck, &kCopiesCheck,
                                        &kModerationEndpointCheck};

}  // namespace

std::span<const CheckInfo* const> checks() { return kChecks; }

}  // namespace limner
