#pragma once
// Errors as each dialect's clients expect them.

#include "api/route.h"

namespace limner {

/// error_response() with a status that the error's code does not stand for: 405, 415, 431.
Response error_response_with_status(int status, Dialect dialect, const Error& error, const Request& request);
/// Whether an `exhausted` error is about what a tenant or key may use, rather than about this machine's
/// resources.
bool is_quota(const Error& error);
/// "Not Found".
std::string_view status_text(int status);

}  // namespace limner
