#pragma once
// From a function that makes an answer to a handler.

#include <utility>

#include "api/route.h"

namespace limner {

/// A Route::handle that sends what `kMake` returns, errors in the words of `kDialect`.
template <Result<Response> (*kMake)(Services&, const Request&), Dialect kDialect = Dialect::native>
void answer_with(Services& services, const Request& request, const Reply& reply) {
  Result<Response> made = kMake(services, request);
  reply.send(made ? std::move(made).value() : error_response(kDialect, made.error(), request));
}

}  // namespace limner
