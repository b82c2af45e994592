#include "store/xml.h"

#include <gtest/gtest.h>

#include <random>

namespace limner {
namespace {

constexpr std::string_view kListing = R"(<?xml version="1.0" encoding="UTF-8"?>
<!-- a page -->
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/" a='>"'>
  <Name>pictures</Name><Prefix/>
  <Contents><Key>a &amp; b&#x2F;&#228;&#x1F600;</Key><Size>7</Size></Contents>
  <s3:Contents ><Key><![CDATA[<raw> & ]]>tail<!-- no --></Key></s3:Contents
  >
</ListBucketResult>
)";

TEST(Xml, ReadsWhatObjectStoresWrite) {
  const XmlElement root = parse_xml(kListing, "answer").value();
  EXPECT_EQ(root.name, "ListBucketResult");
  EXPECT_EQ(root.text_of("Name"), "pictures");
  EXPECT_NE(root.child("Prefix"), nullptr);
  EXPECT_EQ(root.text_of("Prefix"), "");
  EXPECT_EQ(root.child("Absent"), nullptr);
  ASSERT_EQ(root.children.size(), 4u);
  EXPECT_EQ(root.children[2].text_of("Key"), "a & b/\xc3\xa4\xf0\x9f\x98\x80");
  EXPECT_EQ(root.children[3].name, "Contents");
  EXPECT_EQ(root.children[3].text_of("Key"), "<raw> & tail");
}

TEST(Xml, EscapedTextIsReadAsItWas) {
  const std::string text = "<a href=\"x\">&amp;'</a> ]]>";
  EXPECT_EQ(parse_xml("<x>" + xml_escape(text) + "</x>", "answer").value().text, text);
}

TEST(Xml, RefusesWhatIsNot) {
  for (const char* text : {"",
                           " ",
                           "text",
                           "<",
                           "<a",
                           "<a>",
                           "<a></b>",
                           "<a/><b/>",
                           "<a/>x",
                           "</a>",
                           "<a x></a>",
                           "<a x=y></a>",
                           "<a x=\"></a>",
                           "<a>&nbsp;</a>",
                           "<a>&#0;</a>",
                           "<a>&#xd800;</a>",
                           "<a>&#x110000;</a>",
                           "<a>&#99999999999;</a>",
                           "<a>&lt</a>",
                           "<a>&#;</a>",
                           "<a><!-- </a>",
                           "<a><![CDATA[x</a>",
                           "< a/>",
                           "<a",
                           "<?xml",
                           "<a/",
                           "{\"json\": true}",
                           "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
                           "<a><!DOCTYPE b></a>"}) {
    const Result<XmlElement> read = parse_xml(text, "answer");
    EXPECT_FALSE(read) << text;
    if (!read) {
      EXPECT_EQ(read.error().field, "answer");
    }
  }
}

TEST(Xml, IsBounded) {
  const auto nested = [](int depth) {
    std::string text;
    for (int i = 0; i < depth; ++i) text += "<a>";
    for (int i = 0; i < depth; ++i) text += "</a>";
    return text;
  };
  EXPECT_TRUE(parse_xml(nested(16), "answer"));
  EXPECT_FALSE(parse_xml(nested(17), "answer"));
  EXPECT_FALSE(parse_xml(nested(500'000), "answer"));
  std::string wide = "<a>";
  for (int i = 0; i < 100'000; ++i) wide += "<b/>";
  EXPECT_FALSE(parse_xml(wide + "</a>", "answer"));
  EXPECT_FALSE(parse_xml("<a>" + std::string(17 << 20, ' ') + "</a>", "answer"));
}

TEST(Xml, BearsAnyDamage) {
  // Whatever it says to it, it says it: no crash, no endless loop (sanitizers look on).
  std::mt19937 random(7);
  const std::string_view pieces = "<>/&;!-[]?='\" aZ#x0\0";
  for (int i = 0; i < 20'000; ++i) {
    std::string text(kListing);
    for (int change = 0; change < 1 + i % 4; ++change) {
      const size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = pieces[random() % pieces.size()];
          break;
        case 1:
          text.erase(at, 1 + random() % 20);
          break;
        default:
          text.insert(at, text.substr(random() % text.size(), random() % 30));
      }
      if (text.empty()) text = "<";
    }
    const Result<XmlElement> read = parse_xml(text, "answer");
    if (read) {
      EXPECT_FALSE(read->name.empty());
    }
  }
}

}  // namespace
}  // namespace limner
