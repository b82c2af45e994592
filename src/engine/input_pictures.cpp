#include "engine/input_pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "image/codec.h"
#include "image/mask.h"

namespace limner {
namespace {

// "64" on all sides or "LEFT,TOP,RIGHT,BOTTOM".
Result<Margins> parse_margins(const std::string& text) {
  const Error wrong = invalid(
      "outpaint", fmt::format("\"{}\" is neither PIXELS nor LEFT,TOP,RIGHT,BOTTOM", text.substr(0, 80)));
  std::vector<int> values;
  const char* at = text.data();
  const char* end = at + text.size();
  while (at <= end) {
    int value = 0;
    const auto [next, error] = std::from_chars(at, end, value);
    if (error != std::errc() || (next != end && *next != ',') || values.size() == 4) return wrong;
    values.push_back(value);
    at = next + 1;
  }
  if (values.size() == 1) values.assign(4, values[0]);
  if (values.size() != 4) return wrong;
  return Margins{values[0], values[1], values[2], values[3]};
}

Result<void> outpaint(const std::string& text, DrawingInputs& inputs) {
  if (inputs.init.empty()) return invalid("outpaint", "needs a picture to enlarge", "give init");
  if (!inputs.mask.empty()) return invalid("outpaint", "makes its own mask; leave mask away");
  const Margins margins = TRY(parse_margins(text));
  const int64_t width = int64_t{inputs.init.width} + margins.left + margins.right;
  const int64_t height = int64_t{inputs.init.height} + margins.top + margins.bottom;
  if (std::min(width, height) > 0 && width > DecodeLimits{}.pixels_max / height)
    return Error{Code::too_large, "outpaint", fmt::format("makes a canvas of {}x{} pixels", width, height),
                 fmt::format("at most {} pixels are drawn", DecodeLimits{}.pixels_max)};
  OutpaintCanvas canvas = TRY(outpaint_canvas(inputs.init, margins, std::nullopt));
  inputs.init = std::move(canvas.picture);
  inputs.mask = std::move(canvas.mask);
  return {};
}

}  // namespace

Result<DrawingInputs> prepare_inputs(GivenPictures given) {
  DrawingInputs inputs;
  if (given.invert_mask && given.mask.empty()) return invalid("invert_mask", "needs a mask", "give mask");
  inputs.init = std::move(given.init);
  if (!given.mask.empty()) inputs.mask = to_grey(given.mask);
  if (given.invert_mask) invert_mask(inputs.mask);
  if (!given.outpaint.empty()) TRY(outpaint(given.outpaint, inputs));
  if (given.mask_blur != 0) {
    if (inputs.mask.empty()) return invalid("mask_blur", "needs a mask", "give mask");
    Result<Picture> blurred = blur(inputs.mask, static_cast<float>(given.mask_blur));
    if (!blurred) {
      blurred.error().field = "mask_blur";
      return std::move(blurred).error();
    }
    inputs.mask = std::move(*blurred);
  }
  inputs.controls = std::move(given.controls);
  return inputs;
}

}  // namespace limner
