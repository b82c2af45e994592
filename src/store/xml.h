#pragma once
// The little XML that object stores answer with, read from servers that nobody vouches for.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace limner {

/// An element without its attributes. `name` is without a namespace prefix, `text` all character data
/// directly in it.
struct XmlElement {
  std::string name, text;
  std::vector<XmlElement> children;

  /// The first child of that name, or null.
  const XmlElement* child(std::string_view child_name) const;
  /// That child's text; empty if there is none.
  std::string_view text_of(std::string_view child_name) const;
};

/// The root element of `text`: at most 16 MiB, 100000 elements and 16 levels. No document type, so no
/// entities but XML's own five and character references. Anything else is `invalid` with `field`.
Result<XmlElement> parse_xml(std::string_view text, std::string_view field);

/// `text` as character data.
std::string xml_escape(std::string_view text);

}  // namespace limner
