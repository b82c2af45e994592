#include "api/openapi.h"

#include <gtest/gtest.h>

#include <set>

#include "api/schemas.h"

namespace limner {
namespace {

// Every "$ref" below `json`.
void collect_references(const Json& json, std::set<std::string>& references) {
  if (json.is_object() && json.contains("$ref")) references.insert(json["$ref"].get<std::string>());
  if (json.is_structured())
    for (const Json& item : json) collect_references(item, references);
}

TEST(OpenApi, DescribesEveryRoute) {
  const Json document = openapi_document(all_routes());
  std::set<std::string> operations;
  for (const Route* route : all_routes()) {
    std::string method(route->method);
    for (char& c : method) c = static_cast<char>(std::tolower(c));
    const std::string path(route->path);
    ASSERT_TRUE(document["paths"].contains(path)) << path;
    ASSERT_TRUE(document["paths"][path].contains(method)) << path;
    const Json& operation = document["paths"][path][method];
    EXPECT_TRUE(operations.insert(operation["operationId"].get<std::string>()).second) << path;
    EXPECT_FALSE(operation["summary"].get<std::string>().empty()) << path;
    EXPECT_TRUE(operation["responses"].contains(std::to_string(route->ok_status))) << path;
    EXPECT_EQ(operation["responses"].contains("401"),
              route->access.value != Access::open || path == "/metrics")
        << path;
  }
}

TEST(OpenApi, ReferencesLeadSomewhere) {
  const Json document = openapi_document(all_routes());
  std::set<std::string> references;
  collect_references(document, references);
  EXPECT_FALSE(references.empty());
  for (const std::string& reference : references)
    EXPECT_TRUE(document.contains(Json::json_pointer(reference.substr(1)))) << reference;
}

TEST(OpenApi, RoutesAreUnique) {
  std::set<std::pair<std::string, std::string>> seen;
  for (const Route* route : all_routes())
    EXPECT_TRUE(seen.insert({std::string(route->method), std::string(route->path)}).second)
        << route->method << ' ' << route->path;
}

TEST(Docs, NamesEveryRouteAndCallsNobody) {
  const std::string page = docs_page(all_routes(), "http://here");
  for (const Route* route : all_routes())
    EXPECT_NE(page.find(std::string(route->path)), std::string::npos) << route->path;
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_EQ(page.find("src="), std::string::npos);
}

}  // namespace
}  // namespace limner
