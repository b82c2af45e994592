#include "api/http/router.h"

#include <algorithm>

namespace limner {
namespace {

std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> segments;
  for (size_t from = 1; from <= path.size();) {
    const size_t slash = std::min(path.find('/', from), path.size());
    const std::string_view segment = path.substr(from, slash - from);
    segments.push_back(segment.starts_with('{') ? std::string_view() : segment);
    from = slash + 1;
  }
  return segments;
}

bool is_name(std::string_view pattern_segment) { return pattern_segment.empty(); }

}  // namespace

Router::Router(std::span<const Route* const> routes) : routes_(routes) {
  for (const Route* route : routes) {
    // "/" has one empty segment, which must not be taken for a {name}: it is matched by its path alone.
    std::vector<std::string_view> segments =
        route->path == "/" ? std::vector<std::string_view>() : segments_of(route->path);
    const auto same = [&](const Pattern& pattern) { return pattern.segments == segments; };
    auto pattern = std::ranges::find_if(patterns_, same);
    if (pattern == patterns_.end())
      pattern = patterns_.insert(patterns_.end(), Pattern{std::move(segments), {}});
    pattern->routes.push_back(route);
  }
  std::ranges::stable_sort(
      patterns_, {}, [](const Pattern& pattern) { return std::ranges::count_if(pattern.segments, is_name); });
}

const Router::Pattern* Router::find(const std::vector<std::string>& segments,
                                    std::vector<std::string>& captures) const {
  const bool root = segments.size() == 1 && segments.front().empty();
  for (const Pattern& pattern : patterns_) {
    if (pattern.segments.size() != (root ? 0 : segments.size())) continue;
    captures.clear();
    bool fits = true;
    for (size_t i = 0; i < pattern.segments.size() && fits; ++i) {
      if (is_name(pattern.segments[i]))
        captures.push_back(segments[i]);
      else
        fits = pattern.segments[i] == segments[i];
    }
    fits = fits && std::ranges::none_of(captures, &std::string::empty);
    if (fits) return &pattern;
  }
  return nullptr;
}

Dialect Router::likely_dialect(const std::vector<std::string>& segments) const {
  Dialect dialect = Dialect::native;
  size_t longest = 0;
  for (const Pattern& pattern : patterns_) {
    size_t shared = 0;
    while (shared < std::min(pattern.segments.size(), segments.size()) &&
           pattern.segments[shared] == segments[shared])
      ++shared;
    if (shared > longest) {
      longest = shared;
      dialect = pattern.routes.front()->dialect.value;
    }
  }
  return dialect;
}

RouteMatch Router::match(std::string_view method, const std::vector<std::string>& segments) const {
  RouteMatch match;
  const Pattern* pattern = find(segments, match.captures);
  if (pattern == nullptr) {
    match.dialect = likely_dialect(segments);
    return match;
  }
  match.dialect = pattern->routes.front()->dialect.value;
  for (const std::string_view wanted : {method, std::string_view(method == "HEAD" ? "GET" : "")})
    for (const Route* route : pattern->routes)
      if (route->method == wanted && match.route == nullptr) match.route = route;
  if (match.route != nullptr) {
    match.dialect = match.route->dialect.value;
    return match;
  }
  for (const Route* route : pattern->routes) {
    match.allowed.push_back(route->method);
    if (route->method == "GET") match.allowed.push_back("HEAD");
  }
  return match;
}

}  // namespace limner
