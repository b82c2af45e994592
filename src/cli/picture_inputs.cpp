#include "cli/picture_inputs.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "engine/input_pictures.h"
#include "image/codec.h"

namespace limner {
namespace {

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
  GivenPictures given;
  if (!flags.init.empty()) given.init = TRY(read_picture(flags.init, "init"));
  if (!flags.mask.empty()) given.mask = TRY(read_picture(flags.mask, "mask"));
  given.invert_mask = flags.invert_mask;
  given.mask_blur = flags.mask_blur;
  given.outpaint = flags.outpaint;
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
    given.controls.push_back(std::move(control));
  }
  return prepare_inputs(std::move(given));
}

}  // namespace limner
