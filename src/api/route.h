#pragma once
// An endpoint: everything the server, /openapi.json and the tests need to know of it, in one row.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/reply.h"
#include "api/request.h"
#include "api/services.h"
#include "ledger/tenants.h"

namespace limner {

/// A member without a default: leaving it out does not compile.
template <class T>
struct Required {
  T value;
  constexpr Required(T given) : value(given) {}
};

/// Who may call: `open` anybody; the others a key with that scope.
/// `read_or_signature`: a key with "read", or a query with `signature`, which the handler checks.
enum class Access { open, draw, read, review, admin, read_or_signature };

/// Whose error objects and headers an endpoint answers with.
enum class Dialect { native, openai, a1111 };

/// A query parameter or a field, for /openapi.json. `schema` is JSON Schema text.
struct ParameterDoc {
  std::string_view name, schema, doc;
};

struct Route {
  std::string_view method;  ///< "GET", "POST", "DELETE", "PUT"
  std::string_view path;    ///< "/v1/jobs/{id}"; a {name} matches one segment
  Required<Access> access;
  Required<Dialect> dialect;
  Required<size_t> body_bytes_max;  ///< 0: no body is taken
  std::string_view summary;         ///< one line for the docs page
  void (*handle)(Services&, const Request&, const Reply&);
  // For /openapi.json:
  std::vector<ParameterDoc> query = {};
  std::string_view body_schema =
      {};  ///< JSON Schema text, or "#NAME": a named schema (api/schemas.h); empty: no body
  std::string_view body_type = "application/json";  ///< several by comma
  int ok_status = 200;
  std::string_view ok_schema = {};  ///< likewise
  std::string_view ok_type = "application/json";
};

/// Every endpoint there is: a group adds its rows in its own file and its name in routes.cpp.
std::span<const Route* const> all_routes();

/// `error` as this dialect's clients expect it: status, error object, Retry-After, x-should-retry.
Response error_response(Dialect dialect, const Error& error, const Request& request);
/// The status a code stands for.
int http_status(Code code);

}  // namespace limner
