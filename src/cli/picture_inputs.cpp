#include "cli/picture_inputs.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>

#include "image/codec.h"
#include "image/mask.h"

namespace limner {
namespace {

// "64" on all sides or "LEFT,TOP,RIGHT,BOTTOM".
Result<Margins> parse_margins(const std::string& text) {
  std::vector<int> values;
  const char* at = text.data();
  const char* end = at + text.size();
  while (at <= end) {
    int value = 0;
    const auto [next, error] = std::from_chars(at, end, value);
    if (error != std::errc() || (next != end && *next != ',') || values.size() == 4)
      return invalid("outpaint",
                     fmt::format("\"{}\" is neither PIXELS nor LEFT,TOP,RIGHT,BOTTOM", text.substr(0, 80)));
    values.push_back(value);
    at = next + 1;
  }
  if (values.size() == 1) values.assign(4, values[0]);
  if (values.size() != 4)
    return invalid("outpaint",
                   fmt::format("\"{}\" is neither PIXELS nor LEFT,TOP,RIGHT,BOTTOM", text.substr(0, 80)));
  return Margins{values[0], values[1], values[2], values[3]};
}

Result<void> read_mask(const PictureFlags& flags, DrawingInputs& inputs) {
  inputs.mask = to_grey(TRY(read_picture(flags.mask, "mask")));
  if (flags.invert_mask) invert_mask(inputs.mask);
  return {};
}

Result<void> outpaint(const PictureFlags& flags, DrawingInputs& inputs) {
  if (inputs.init.empty()) return invalid("outpaint", "needs a picture to enlarge", "give --init FILE");
  if (!inputs.mask.empty()) return invalid("outpaint", "makes its own mask; leave --mask away");
  const Margins margins = TRY(parse_margins(flags.outpaint));
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

// A value for every ControlNet: as many as there are, one for all, or none.
Result<double> value_for(const std::vector<double>& values, size_t index, size_t count, double otherwise,
                         const char* flag) {
  if (values.empty()) return otherwise;
  if (values.size() == 1) return values[0];
  if (values.size() != count)
    return invalid(flag, fmt::format("given {} times for {} ControlNets", values.size(), count));
  return values[index];
}

}  // namespace

void add_picture_flags(CLI::App& app, PictureFlags& flags) {
  const auto pictures = "Pictures";
  app.add_option("--init", flags.init, "Picture to draw over")->group(pictures);
  app.add_option("--mask", flags.mask, "What to redraw of it: white is redrawn")->group(pictures);
  app.add_flag("--invert-mask", flags.invert_mask, "Redraw what is black instead")->group(pictures);
  app.add_option("--mask-blur", flags.mask_blur,
                 "Soften the mask's edge by this many pixels before it is cut")
      ->group(pictures);
  app.add_option("--outpaint", flags.outpaint,
                 "Add PIXELS on every side, or LEFT,TOP,RIGHT,BOTTOM, and draw them")
      ->group(pictures);
  app.add_option("--controlnet", flags.controlnets, "ControlNet folder; may be given several times")
      ->group(pictures)
      ->allow_extra_args(false);
  app.add_option("--control-image", flags.control_images, "Picture for each ControlNet")
      ->group(pictures)
      ->allow_extra_args(false);
  app.add_option("--control-scale", flags.control_scales, "How strongly it acts (1)")
      ->group(pictures)
      ->allow_extra_args(false);
  app.add_option("--control-start", flags.control_starts, "Share of the steps at which it begins (0)")
      ->group(pictures)
      ->allow_extra_args(false);
  app.add_option("--control-end", flags.control_ends, "Share of the steps at which it ends (1)")
      ->group(pictures)
      ->allow_extra_args(false);
}

Result<DrawingInputs> read_picture_inputs(const PictureFlags& flags) {
  DrawingInputs inputs;
  if (!flags.init.empty()) inputs.init = TRY(read_picture(flags.init, "init"));
  if (!flags.mask.empty()) TRY(read_mask(flags, inputs));
  if (!flags.outpaint.empty()) TRY(outpaint(flags, inputs));
  if (flags.invert_mask && flags.mask.empty())
    return invalid("invert_mask", "needs a mask", "give --mask FILE");
  if (flags.mask_blur != 0) {
    if (inputs.mask.empty()) return invalid("mask_blur", "needs a mask", "give --mask FILE");
    inputs.mask = TRY(blur(inputs.mask, static_cast<float>(flags.mask_blur)));
  }
  const size_t count = flags.controlnets.size();
  if (count == 0 && flags.control_scales.size() + flags.control_starts.size() + flags.control_ends.size() > 0)
    return invalid("controlnet", "is missing, and other flags say how it acts", "give --controlnet FOLDER");
  if (flags.control_images.size() != count)
    return invalid("control_image",
                   fmt::format("given {} times for {} ControlNets", flags.control_images.size(), count));
  for (size_t i = 0; i < count; ++i) {
    DrawingInputs::Control control;
    control.picture = TRY(read_picture(flags.control_images[i], "control_image"));
    control.scale = TRY(value_for(flags.control_scales, i, count, 1, "control_scale"));
    control.start = TRY(value_for(flags.control_starts, i, count, 0, "control_start"));
    control.end = TRY(value_for(flags.control_ends, i, count, 1, "control_end"));
    inputs.controls.push_back(std::move(control));
  }
  return inputs;
}

}  // namespace limner
