#include "jobs/webhook_target.h"

#include <fmt/format.h>

#include "net/http_client.h"

namespace limner {
namespace {

// parse_url() lets a host look like this only if it is an address.
bool is_address(std::string_view host) {
  return host.find(':') != host.npos || host.find_first_not_of("0123456789.") == host.npos;
}

}  // namespace

Result<void> check_webhook_target(const std::string& text, std::string_view field) {
  const Url url = TRY(parse_url(text, field));
  const bool is_private = is_address(url.host) ? !is_public_address(url.host)
                                               : url.host == "localhost" || url.host.ends_with(".localhost");
  if (!is_private) return {};
  return Error{Code::forbidden, std::string(field),
               fmt::format("{} is not a public address; webhooks go to public ones only", url.host), ""};
}

}  // namespace limner
