// Any bytes as an S3 server's answer: a listing's keys are keys, and a refusal is an Error of bounded,
// printable words.

#include <algorithm>

#include "base/check.h"
#include "store/s3_errors.h"
#include "store/s3_listing.h"
#include "store/xml.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace limner;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const Result<XmlElement> read = parse_xml(text, "answer")) {
    const Result<XmlElement> again = parse_xml("<x>" + xml_escape(read->text) + "</x>", "answer");
    LIMNER_CHECK(!again || again->text == read->text, "escaped text survives");
  }
  if (const Result<S3Page> page = parse_s3_page(text, "prefix/"))
    for (const ObjectInfo& object : page->objects)
      LIMNER_CHECK(is_store_key(object.key), "only keys are listed");
  HttpResponse response;
  response.status = 500;
  response.body = text;
  const Error error = s3_error(response, "GET");
  LIMNER_CHECK(error.message.size() < 1000, "words are cut");
  LIMNER_CHECK(std::ranges::all_of(error.message, [](char c) { return c >= ' ' && c <= '~'; }),
               "words are printable");
  return 0;
}
