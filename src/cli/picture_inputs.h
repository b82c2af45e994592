#pragma once
// The pictures named on the command line: what is drawn over, masks, ControlNets' conditions.

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"

namespace CLI {
class App;
}

namespace limner {

struct PictureFlags {
  std::string init, mask, outpaint;
  bool invert_mask = false;
  double mask_blur = 0;
  std::vector<std::string> controlnets, control_images;
  std::vector<double> control_scales, control_starts, control_ends;
};

void add_picture_flags(CLI::App& app, PictureFlags& flags);

/// Reads and prepares what the flags name; every error names the flag.
Result<DrawingInputs> read_picture_inputs(const PictureFlags& flags);

}  // namespace limner
