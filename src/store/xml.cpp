#include "store/xml.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace limner {
namespace {

constexpr size_t kBytesMax = 16u << 20;
constexpr int kElementsMax = 100'000;
constexpr int kDepthMax = 16;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool ends_name(char c) { return is_space(c) || c == '/' || c == '>' || c == '=' || c == '<' || c == '&'; }

void append_utf8(std::string& text, uint32_t point) {
  const auto byte = [&](uint32_t bits) { text += static_cast<char>(bits); };
  if (point < 0x80) return byte(point);
  if (point < 0x800) {
    byte(0xc0 | point >> 6);
  } else {
    if (point < 0x10000) {
      byte(0xe0 | point >> 12);
    } else {
      byte(0xf0 | point >> 18);
      byte(0x80 | (point >> 12 & 0x3f));
    }
    byte(0x80 | (point >> 6 & 0x3f));
  }
  byte(0x80 | (point & 0x3f));
}

// What stands between '&' and ';'. False if it means nothing.
bool append_reference(std::string& text, std::string_view reference) {
  constexpr std::pair<std::string_view, char> kNamed[] = {
      {"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}};
  for (const auto& [name, character] : kNamed) {
    if (reference != name) continue;
    text += character;
    return true;
  }
  if (!reference.starts_with('#')) return false;
  reference.remove_prefix(1);
  const bool hexadecimal = reference.starts_with('x');
  if (hexadecimal) reference.remove_prefix(1);
  uint32_t point = 0;
  const char* end = reference.data() + reference.size();
  const auto read = std::from_chars(reference.data(), end, point, hexadecimal ? 16 : 10);
  const bool surrogate = point >= 0xd800 && point < 0xe000;
  if (read.ec != std::errc() || read.ptr != end || point == 0 || point > 0x10ffff || surrogate) return false;
  append_utf8(text, point);
  return true;
}

// Recursive descent; `rest_` is what is not read yet.
class XmlReader {
 public:
  XmlReader(std::string_view text, std::string_view field) : rest_(text), size_(text.size()), field_(field) {}

  Result<XmlElement> document() {
    TRY(skip_between());
    XmlElement root = TRY(element(1));
    TRY(skip_between());
    if (!rest_.empty()) return error("something after the end");
    return root;
  }

 private:
  Error error(std::string_view what) const {
    return invalid(
        field_, fmt::format("is not the XML of an object store: {} at byte {}", what, size_ - rest_.size()));
  }

  bool take(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  void skip_space() {
    while (!rest_.empty() && is_space(rest_.front())) rest_.remove_prefix(1);
  }

  Result<std::string_view> take_until(std::string_view token) {
    const size_t end = rest_.find(token);
    if (end == std::string_view::npos) return error(fmt::format("no '{}'", token));
    const std::string_view taken = rest_.substr(0, end);
    rest_.remove_prefix(end + token.size());
    return taken;
  }

  // Comments and processing instructions; false if there is none here.
  Result<bool> skip_remark() {
    if (take("<!--")) {
      TRY(take_until("-->"));
      return true;
    }
    if (!take("<?")) return false;
    TRY(take_until("?>"));
    return true;
  }

  Result<void> skip_between() {
    while (true) {
      skip_space();
      if (!TRY(skip_remark())) return {};
    }
  }

  Result<std::string> name() {
    const size_t size = static_cast<size_t>(std::ranges::find_if(rest_, ends_name) - rest_.begin());
    std::string_view name = rest_.substr(0, size);
    rest_.remove_prefix(size);
    if (const size_t colon = name.find(':'); colon != std::string_view::npos) name.remove_prefix(colon + 1);
    if (name.empty() || name.front() == '!') return error("no name");
    return std::string(name);
  }

  // Up to and with the end of a tag; whether it closes its element itself.
  Result<bool> end_of_tag() {
    while (true) {
      skip_space();
      if (take("/>")) return true;
      if (take(">")) return false;
      TRY(name());
      skip_space();
      if (!take("=")) return error("no '='");
      skip_space();
      const std::string_view quote = rest_.substr(0, 1);
      if (quote != "\"" && quote != "'") return error("no quote");
      rest_.remove_prefix(1);
      TRY(take_until(quote));
    }
  }

  Result<XmlElement> element(int depth) {
    if (depth > kDepthMax) return error("too deep");
    if (++elements_ > kElementsMax) return error("too many elements");
    if (!take("<")) return error("no element");
    XmlElement element;
    element.name = TRY(name());
    const bool empty = TRY(end_of_tag());
    if (!empty) TRY(content(element, depth));
    return element;
  }

  Result<void> content(XmlElement& element, int depth) {
    while (!take("</")) {
      if (rest_.empty()) return error("the end is missing");
      if (rest_.front() != '<') {
        TRY(characters(element.text));
      } else if (take("<![CDATA[")) {
        element.text += TRY(take_until("]]>"));
      } else {
        const bool remark = TRY(skip_remark());
        if (remark) continue;
        XmlElement child = TRY(this->element(depth + 1));
        element.children.push_back(std::move(child));
      }
    }
    const std::string closed = TRY(name());
    if (closed != element.name) return error("another element's end");
    skip_space();
    if (!take(">")) return error("no '>'");
    return {};
  }

  Result<void> characters(std::string& text) {
    const size_t size = std::min(rest_.find_first_of("<&"), rest_.size());
    text += rest_.substr(0, size);
    rest_.remove_prefix(size);
    if (!take("&")) return {};
    const std::string_view reference = TRY(take_until(";"));
    if (!append_reference(text, reference)) return error("an unknown entity");
    return {};
  }

  std::string_view rest_;
  const size_t size_;
  const std::string field_;
  int elements_ = 0;
};

}  // namespace

const XmlElement* XmlElement::child(std::string_view child_name) const {
  const auto found = std::ranges::find(children, child_name, &XmlElement::name);
  return found == children.end() ? nullptr : &*found;
}

std::string_view XmlElement::text_of(std::string_view child_name) const {
  const XmlElement* found = child(child_name);
  return found ? std::string_view(found->text) : std::string_view();
}

Result<XmlElement> parse_xml(std::string_view text, std::string_view field) {
  if (text.size() > kBytesMax) return invalid(std::string(field), "is longer than any answer should be");
  text.remove_prefix(text.starts_with("\xef\xbb\xbf") ? 3 : 0);
  return XmlReader(text, field).document();
}

std::string xml_escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '&':
        escaped += "&amp;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

}  // namespace limner
