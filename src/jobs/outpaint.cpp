#include "jobs/outpaint.h"

#include <fmt/format.h>

#include <charconv>
#include <vector>

#include "jobs/plain_text.h"

namespace limner {
namespace {

constexpr int kMarginMax = 16384;

}  // namespace

Result<Margins> parse_outpaint(const std::string& text, const std::string& field) {
  const Error wrong =
      invalid(field, fmt::format("{} is neither PIXELS nor LEFT,TOP,RIGHT,BOTTOM of 0 to {} pixels",
                                 shown(text), kMarginMax));
  std::vector<int> sides;
  const char* at = text.data();
  const char* const end = at + text.size();
  for (; at <= end; ++at) {
    int side = 0;
    const auto [next, error] = std::from_chars(at, end, side);
    const bool separated = next == end || *next == ',';
    if (error != std::errc() || !separated || side < 0 || side > kMarginMax || sides.size() == 4)
      return wrong;
    sides.push_back(side);
    at = next;
  }
  if (sides.size() == 1) sides.assign(4, sides[0]);
  if (sides.size() != 4) return wrong;
  const Margins margins{sides[0], sides[1], sides[2], sides[3]};
  if (margins.left + margins.top + margins.right + margins.bottom == 0)
    return invalid(field, "adds nothing", "leave it away");
  return margins;
}

}  // namespace limner
