// What the server says about itself: /openapi.json and the page of its endpoints.

#include "api/answer_with.h"
#include "api/openapi.h"
#include "api/picture_urls.h"
#include "api/route_groups.h"

namespace limner {
namespace {

Result<Response> get_openapi(Services&, const Request& request) {
  TRY(request.check_query({}));
  return json_response(200, openapi_document(all_routes()));
}

Result<Response> get_docs(Services& services, const Request& request) {
  TRY(request.check_query({}));
  Response response;
  response.content_type = "text/html; charset=utf-8";
  response.headers.emplace_back("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
  response.body = docs_page(all_routes(), base_url(services, request));
  return response;
}

constexpr Route page(std::string_view path, std::string_view summary, std::string_view type,
                     void (*handle)(Services&, const Request&, const Reply&)) {
  return {.method = "GET",
          .path = path,
          .access = Access::open,
          .dialect = Dialect::native,
          .body_bytes_max = 0,
          .summary = summary,
          .handle = handle,
          .ok_type = type};
}

const Route kDocumentRoutes[] = {
    page("/", "This page.", "text/html", answer_with<get_docs>),
    page("/docs", "This page.", "text/html", answer_with<get_docs>),
    page("/openapi.json", "Every endpoint as OpenAPI 3.1.", "application/json", answer_with<get_openapi>),
};

}  // namespace

std::span<const Route> document_routes() { return kDocumentRoutes; }

}  // namespace limner
