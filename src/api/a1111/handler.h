#pragma once
// Endpoints of this dialect that answer at once.

#include "api/route.h"

namespace limner {

/// A handler that answers with the JSON that `run` makes, or with its error.
template <Result<Json> (*run)(Services&, const Request&)>
void answer_a1111(Services& services, const Request& request, const Reply& reply) {
  Result<Json> answer = run(services, request);
  reply.send(answer ? json_response(200, *answer) : error_response(Dialect::a1111, answer.error(), request));
}

}  // namespace limner
