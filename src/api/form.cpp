// multipart/form-data (RFC 7578), within a body that is in memory.

#include <fmt/format.h>

#include <algorithm>

#include "api/http/header_text.h"
#include "api/request.h"

namespace limner {
namespace {

constexpr size_t kBoundaryBytesMax = 70;  // RFC 2046, section 5.1.1
constexpr size_t kPartNameBytesMax = 256;

Error wrong_form(std::string message) { return invalid("body", std::move(message)); }

Result<std::string> boundary_of(const Request& request) {
  const std::string_view type = request.header("content-type");
  if (media_type(type) != "multipart/form-data") return wrong_form("not multipart/form-data");
  const std::optional<std::string> boundary = header_parameter(type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > kBoundaryBytesMax ||
      std::ranges::any_of(*boundary, is_control))
    return wrong_form("multipart/form-data whose Content-Type names no proper boundary");
  return *boundary;
}

Result<void> read_disposition(FormPart& part, std::string_view value) {
  if (media_type(value) != "form-data") return wrong_form("a part that is not form-data");
  const std::optional<std::string> name = header_parameter(value, "name");
  if (!name || name->empty() || name->size() > kPartNameBytesMax)
    return wrong_form("a part without a proper name");
  part.name = *name;
  if (const std::optional<std::string> file_name = header_parameter(value, "filename")) {
    part.is_file = true;
    part.file_name = file_name->substr(0, kPartNameBytesMax);
  }
  if (std::ranges::any_of(part.name, is_control) || std::ranges::any_of(part.file_name, is_control))
    return wrong_form("a control character in a part's name");
  return {};
}

// `text`: the lines of a part's head, each with its end.
Result<FormPart> read_part_head(std::string_view text) {
  FormPart part;
  while (!text.empty()) {
    const size_t end = text.find("\r\n");
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 2);
    const size_t colon = line.find(':');
    if (colon == line.npos || !is_token(line.substr(0, colon)))
      return wrong_form("a part's line that is no header");
    const std::string name = lower_case(line.substr(0, colon));
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (name == "content-disposition") TRY(read_disposition(part, value));
    if (name == "content-type") part.content_type = value;
    if (name == "content-transfer-encoding" && lower_case(value) != "binary" && lower_case(value) != "8bit" &&
        lower_case(value) != "7bit")
      return wrong_form("a part with a Content-Transfer-Encoding, which RFC 7578 forbids");
  }
  if (part.name.empty()) return wrong_form("a part without a name");
  return part;
}

// Takes what follows a delimiter: true for another part, false for the end.
Result<bool> after_delimiter(std::string_view& rest) {
  if (rest.starts_with("--")) return false;
  while (rest.starts_with(' ') || rest.starts_with('\t')) rest.remove_prefix(1);
  if (!rest.starts_with("\r\n")) return wrong_form("multipart/form-data that is cut short");
  rest.remove_prefix(2);
  return true;
}

}  // namespace

Result<std::vector<FormPart>> parse_form(const Request& request, const FormLimits& limits) {
  const std::string boundary = TRY(boundary_of(request));
  const std::string delimiter = "\r\n--" + boundary;
  std::string_view rest = request.body;
  if (rest.starts_with("\r\n")) rest.remove_prefix(2);
  if (!rest.starts_with(std::string_view(delimiter).substr(2)))
    return wrong_form("multipart/form-data that does not begin with its boundary");
  rest.remove_prefix(delimiter.size() - 2);

  std::vector<FormPart> parts;
  while (TRY(after_delimiter(rest))) {
    if (parts.size() >= limits.parts_max)
      return wrong_form(fmt::format("more than {} parts", limits.parts_max));
    const size_t head_end = rest.substr(0, limits.header_bytes_max).find("\r\n\r\n");
    if (head_end == rest.npos) return wrong_form("a part whose head does not end");
    FormPart part = TRY(read_part_head(rest.substr(0, head_end + 2)));
    rest.remove_prefix(head_end + 4);
    // The line end before a delimiter belongs to it, also where the part is empty and it closes the head.
    const size_t end = rest.find(delimiter);
    if (end == rest.npos) return wrong_form("multipart/form-data that is cut short");
    part.data = rest.substr(0, end);
    if (!part.is_file && part.data.size() > limits.field_bytes_max)
      return Error{
          Code::too_large, part.name, fmt::format("longer than {} bytes", limits.field_bytes_max), {}};
    rest.remove_prefix(end + delimiter.size());
    parts.push_back(std::move(part));
  }
  return parts;
}

}  // namespace limner
