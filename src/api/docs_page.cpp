#include <fmt/format.h>

#include "api/http/header_text.h"
#include "api/openapi.h"
#include "base/version.h"

namespace limner {
namespace {

constexpr std::string_view kHead = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Limner</title><style>
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
pre{background:#f4f4f2;padding:.7rem 1rem;overflow-x:auto;border-radius:6px;font-size:14px}
h2{margin-top:2.5rem;border-bottom:1px solid #ddd}section{margin:1.5rem 0}
.method{display:inline-block;min-width:4rem;font-weight:600}code{font-size:15px}
table{border-collapse:collapse}td{padding:.15rem .8rem .15rem 0;vertical-align:top}small{color:#666}
</style></head><body>
)";

std::string escaped(std::string_view text) {
  std::string html;
  for (const char c : text) {
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      default:
        html += c;
    }
  }
  return html;
}

const char* access_text(Access access) {
  switch (access) {
    case Access::open:
      return "no key";
    case Access::draw:
      return "scope draw";
    case Access::read:
      return "scope read";
    case Access::review:
      return "scope review";
    case Access::admin:
      return "scope admin";
    case Access::read_or_signature:
      return "scope read, or a signed URL";
  }
  return "";
}

std::string curl_call(const Route& route, std::string_view base) {
  std::string call = "curl";
  if (route.method != "GET") call += fmt::format(" -X {}", route.method);
  if (route.access.value != Access::open) call += " -H \"Authorization: Bearer $LIMNER_KEY\"";
  if (route.path == "/v1/jobs" && route.method == "POST")
    call += R"( -H "Content-Type: application/json" -d '{"prompt": "a lighthouse at dusk", "seed": 7}')";
  else if (route.path.starts_with("/v1/images/") && list_contains(route.body_type, "multipart/form-data"))
    call += route.path.ends_with("/edits") ? " -F prompt=\"a blue fox\" -F image=@picture.png"
                                           : " -F image=@picture.png";
  else if (route.body_type == "multipart/form-data")
    call += " -F purpose=picture -F file=@picture.png";
  else if (list_contains(route.body_type, "image/png"))
    call += " -H \"Content-Type: image/png\" --data-binary @picture.png";
  else if (!route.body_schema.empty())
    call += " -H \"Content-Type: application/json\" -d @body.json";
  return fmt::format("{} {}{}", call, base, route.path);
}

std::string section(const Route& route, std::string_view base) {
  std::string html = fmt::format(
      "<section><span class=\"method\">{}</span><code>{}</code> <small>{}</small><br>{}\n<pre>{}</pre>\n",
      route.method, escaped(route.path), access_text(route.access.value), escaped(route.summary),
      escaped(curl_call(route, base)));
  if (!route.query.empty()) html += "<table>";
  for (const ParameterDoc& parameter : route.query)
    html += fmt::format("<tr><td><code>{}</code></td><td>{}</td></tr>", escaped(parameter.name),
                        escaped(parameter.doc));
  if (!route.query.empty()) html += "</table>";
  return html + "</section>\n";
}

}  // namespace

std::string docs_page(std::span<const Route* const> routes, std::string_view base_url) {
  std::string html(kHead);
  html += fmt::format(
      "<h1>Limner {}</h1><p>Every endpoint of this server; <a href=\"/openapi.json\">/openapi.json</a> "
      "has them for programs, with all fields and bounds.</p>\n",
      kVersion);
  const std::pair<Dialect, const char*> dialects[] = {
      {Dialect::native, "Native"}, {Dialect::openai, "OpenAI"}, {Dialect::a1111, "AUTOMATIC1111"}};
  for (const auto& [dialect, title] : dialects) {
    std::string sections;
    for (const Route* route : routes)
      if (route->dialect.value == dialect) sections += section(*route, base_url);
    if (!sections.empty()) html += fmt::format("<h2>{}</h2>\n{}", title, sections);
  }
  return html + "</body></html>\n";
}

}  // namespace limner
