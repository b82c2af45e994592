#pragma once
// An HTTP request as handlers see it: read whole, within its route's limits, its caller known.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "base/trace.h"
#include "jobs/caller.h"

namespace limner {

struct Request {
  std::string method;
  std::string path;                                          ///< percent-decoded, without the query
  std::vector<std::pair<std::string, std::string>> query;    ///< decoded, in order
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  std::string body;
  std::vector<std::string> captures;  ///< what {id} ... of the route's path matched, in order
  std::string remote;                 ///< the peer's address
  bool encrypted = false;             ///< it came over TLS
  std::string request_id;             ///< "req_...", also in the answer's x-request-id
  TraceContext trace;
  TimeUs received = 0;
  std::optional<Caller> caller;  ///< absent only on open routes

  /// The first header of that (lower-case) name; empty if absent.
  std::string_view header(std::string_view name) const;
  std::optional<std::string> query_value(std::string_view name) const;
  /// Refuses query parameters not among `known`, by name.
  Result<void> check_query(std::initializer_list<std::string_view> known) const;
  /// The body as a JSON object; an empty body is an empty object. `invalid` with field "body".
  Result<Json> json_object() const;
};

/// A part of a multipart/form-data body (RFC 7578).
struct FormPart {
  std::string name;
  std::string file_name;  ///< as sent: for showing only
  std::string content_type;
  std::string_view data;  ///< into the request's body
  bool is_file = false;
};
struct FormLimits {
  size_t parts_max = 64;
  size_t header_bytes_max = 4096;
  size_t field_bytes_max = 1u << 20;  ///< of a part that is no file
};
/// `invalid` with field "body" for anything that is not what its Content-Type says: missing boundary, cut
/// short, too many parts, control characters in names.
Result<std::vector<FormPart>> parse_form(const Request& request, const FormLimits& limits = {});

}  // namespace limner
