#pragma once
// The description of every endpoint, made from the route rows that the server runs.

#include <span>

#include "api/route.h"

namespace limner {

/// OpenAPI 3.1 of `routes`: parameters, bodies, every status an endpoint can answer with.
Json openapi_document(std::span<const Route* const> routes);

/// A page for people, complete in itself: each endpoint with a curl call.
std::string docs_page(std::span<const Route* const> routes, std::string_view base_url);

}  // namespace limner
