#include "store/s3_listing.h"

#include <charconv>

#include "store/s3_time.h"
#include "store/xml.h"

namespace limner {
namespace {

Error not_a_page(std::string_view why) {
  return {Code::unavailable, "store", "the server's listing " + std::string(why),
          "is store.endpoint an S3 server?"};
}

Result<ObjectInfo> parse_object(const XmlElement& contents, std::string_view key) {
  ObjectInfo object{.key = std::string(key)};
  const std::string_view size = contents.text_of("Size");
  const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), object.bytes);
  const std::optional<TimeUs> modified = parse_iso_time(contents.text_of("LastModified"));
  if (error != std::errc() || end != size.data() + size.size() || !modified)
    return not_a_page("has an object without its size and time");
  object.modified = *modified;
  return object;
}

}  // namespace

Result<S3Page> parse_s3_page(std::string_view xml, std::string_view prefix) {
  const Result<XmlElement> result = parse_xml(xml, "store");
  if (!result) return not_a_page(result.error().message);
  if (result->name != "ListBucketResult") return not_a_page("is none");
  S3Page page;
  for (const XmlElement& contents : result->children) {
    if (contents.name != "Contents") continue;
    std::string_view key = contents.text_of("Key");
    if (!key.starts_with(prefix)) continue;
    key.remove_prefix(prefix.size());
    if (!is_store_key(key)) continue;
    ObjectInfo object = TRY(parse_object(contents, key));
    page.objects.push_back(std::move(object));
  }
  if (result->text_of("IsTruncated") != "true") return page;
  page.next = result->text_of("NextContinuationToken");
  if (page.next.empty()) return not_a_page("has more and does not say how to ask for it");
  return page;
}

}  // namespace limner
