#include "api/http/router.h"

#include <gtest/gtest.h>

namespace limner {
namespace {

void nothing(Services&, const Request&, const Reply&) {}

Route route(std::string_view method, std::string_view path, Dialect dialect = Dialect::native) {
  return {.method = method,
          .path = path,
          .access = Access::open,
          .dialect = dialect,
          .body_bytes_max = 0,
          .summary = "",
          .handle = nothing};
}

class RouterTest : public testing::Test {
 protected:
  const Route routes_[6] = {route("GET", "/"),
                            route("GET", "/v1/jobs/{id}"),
                            route("DELETE", "/v1/jobs/{id}"),
                            route("GET", "/v1/jobs/mine"),
                            route("GET", "/v1/jobs/{id}/events"),
                            route("POST", "/sdapi/v1/txt2img", Dialect::a1111)};
  const std::vector<const Route*> list_ = {&routes_[0], &routes_[1], &routes_[2],
                                           &routes_[3], &routes_[4], &routes_[5]};
  Router router_{list_};
};

TEST_F(RouterTest, FindsByMethodAndPath) {
  EXPECT_EQ(router_.match("GET", {""}).route, &routes_[0]);
  const RouteMatch match = router_.match("DELETE", {"v1", "jobs", "job/1"});
  EXPECT_EQ(match.route, &routes_[2]);
  EXPECT_EQ(match.captures, std::vector<std::string>{"job/1"});
  EXPECT_EQ(router_.match("GET", {"v1", "jobs", "1", "events"}).route, &routes_[4]);
}

TEST_F(RouterTest, ANamedPathGoesBeforeACapture) {
  EXPECT_EQ(router_.match("GET", {"v1", "jobs", "mine"}).route, &routes_[3]);
}

TEST_F(RouterTest, HeadIsGet) { EXPECT_EQ(router_.match("HEAD", {"v1", "jobs", "1"}).route, &routes_[1]); }

TEST_F(RouterTest, SaysWhatIsAllowed) {
  const RouteMatch match = router_.match("PUT", {"v1", "jobs", "1"});
  EXPECT_EQ(match.route, nullptr);
  EXPECT_EQ(match.allowed, (std::vector<std::string_view>{"GET", "HEAD", "DELETE"}));
}

TEST_F(RouterTest, CapturesAreNeverEmpty) {
  EXPECT_EQ(router_.match("GET", {"v1", "jobs", ""}).route, nullptr);
  EXPECT_TRUE(router_.match("GET", {"v1", "jobs", "1", "events", ""}).allowed.empty());
}

TEST_F(RouterTest, AnUnknownPathSpeaksTheDialectOfItsNeighbours) {
  EXPECT_EQ(router_.match("GET", {"sdapi", "v1", "nothing"}).dialect, Dialect::a1111);
  EXPECT_EQ(router_.match("GET", {"nothing"}).dialect, Dialect::native);
}

}  // namespace
}  // namespace limner
