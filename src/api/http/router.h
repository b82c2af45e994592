#pragma once
// From method and path to a route.

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "api/route.h"

namespace limner {

/// What a method and a path lead to.
struct RouteMatch {
  const Route* route = nullptr;           ///< nullptr: none with this method
  std::vector<std::string> captures;      ///< what each {name} matched, in order
  std::vector<std::string_view> allowed;  ///< the path's methods if it is known but not with this method
  Dialect dialect = Dialect::native;      ///< of the route, or of the routes whose paths begin the same
};

/// Immutable. A path without {names} goes before one with; HEAD is GET where no route says otherwise.
class Router {
 public:
  explicit Router(std::span<const Route* const> routes);
  RouteMatch match(std::string_view method, const std::vector<std::string>& segments) const;
  std::span<const Route* const> routes() const { return routes_; }

 private:
  struct Pattern {
    std::vector<std::string_view> segments;  ///< empty: a {name}
    std::vector<const Route*> routes;        ///< one a method
  };
  const Pattern* find(const std::vector<std::string>& segments, std::vector<std::string>& captures) const;
  Dialect likely_dialect(const std::vector<std::string>& segments) const;

  std::span<const Route* const> routes_;
  std::vector<Pattern> patterns_;
};

}  // namespace limner
