#include <gtest/gtest.h>

#include "api/request.h"

namespace limner {
namespace {

Request form(std::string body, std::string type = "multipart/form-data; boundary=XX") {
  Request request;
  request.headers = {{"content-type", std::move(type)}};
  request.body = std::move(body);
  return request;
}

std::string part(std::string_view head, std::string_view data) {
  return "--XX\r\n" + std::string(head) + "\r\n\r\n" + std::string(data) + "\r\n";
}

TEST(Form, ReadsFieldsAndFiles) {
  const Request request = form(
      part("Content-Disposition: form-data; name=\"request\"\r\nContent-Type: application/json", "{}") +
      part("content-disposition: form-data; name=image; filename=\"a \\\"b\\\".png\"", "\r\n--X\r\n\r\n") +
      part("Content-Disposition: form-data; name=\"empty\"; filename=\"\"", "") + "--XX--\r\n");
  const auto parts = parse_form(request);
  ASSERT_TRUE(parts.has_value()) << parts.error().text();
  ASSERT_EQ(parts->size(), 3u);
  EXPECT_EQ(parts.value()[0].name, "request");
  EXPECT_EQ(parts.value()[0].data, "{}");
  EXPECT_EQ(parts.value()[0].content_type, "application/json");
  EXPECT_FALSE(parts.value()[0].is_file);
  EXPECT_EQ(parts.value()[1].file_name, "a \"b\".png");
  EXPECT_EQ(parts.value()[1].data, "\r\n--X\r\n\r\n");
  EXPECT_TRUE(parts.value()[2].is_file);
  EXPECT_EQ(parts.value()[2].data, "");
}

TEST(Form, TakesAQuotedBoundaryAndAnEmptyForm) {
  EXPECT_TRUE(parse_form(form("--a b--", "multipart/form-data; charset=x; boundary=\"a b\"")).has_value());
}

TEST(Form, RefusesWhatIsNoForm) {
  const std::string head = "Content-Disposition: form-data; name=\"a\"";
  const std::string good = part(head, "1");
  const std::string bad[] = {
      "",
      "--XX",
      "--XY--",
      good,
      good + "--XX",
      "preamble\r\n" + good + "--XX--",
      "--XX\r\n" + head + "\r\n\r\nno end",
      part("Content-Disposition: form-data", "1") + "--XX--",
      part("Content-Disposition: form-data; name=\"\"", "1") + "--XX--",
      part("Content-Disposition: attachment; name=\"a\"", "1") + "--XX--",
      part("Content-Disposition: form-data; name=\"a\x01\"", "1") + "--XX--",
      part(head + "\r\nContent-Transfer-Encoding: base64", "1") + "--XX--",
      part("no header\r\n" + head, "1") + "--XX--",
      part("X: " + std::string(5000, 'x') + "\r\n" + head, "1") + "--XX--",
      part("", "1") + "--XX--",
  };
  for (const std::string& body : bad) {
    const auto parts = parse_form(form(body));
    ASSERT_FALSE(parts.has_value()) << body;
    EXPECT_EQ(parts.error().field, "body") << body;
  }
  for (const char* type : {"multipart/form-data", "multipart/form-data; boundary=", "application/json",
                           "multipart/mixed; boundary=XX"})
    EXPECT_FALSE(parse_form(form(good + "--XX--", type)).has_value()) << type;
}

TEST(Form, HoldsItsLimits) {
  std::string many;
  for (int i = 0; i < 5; ++i) many += part("Content-Disposition: form-data; name=\"a\"", "1");
  EXPECT_FALSE(parse_form(form(many + "--XX--"), {.parts_max = 4}).has_value());
  EXPECT_TRUE(parse_form(form(many + "--XX--"), {.parts_max = 5}).has_value());
  const auto large = parse_form(form(part("Content-Disposition: form-data; name=\"a\"", "12345") + "--XX--"),
                                {.field_bytes_max = 4});
  ASSERT_FALSE(large.has_value());
  EXPECT_EQ(large.error().code, Code::too_large);
  EXPECT_EQ(large.error().field, "a");
}

}  // namespace
}  // namespace limner
