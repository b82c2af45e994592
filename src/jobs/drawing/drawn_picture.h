#pragma once
// A picture between the engine and the store.

#include <cstddef>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "image/picture.h"
#include "jobs/drawing/active_job.h"
#include "jobs/noise_watermark.h"
#include "ledger/pictures.h"

namespace limner::drawing {

struct DrawnPicture {
  ActiveJobRef job;
  int picture = 0;
  Picture pixels;
  FileTexts texts;
  NoiseCarried noise;
  std::string latents;   ///< to be kept first; empty: drawing it again is cheaper than keeping
  bool enlarge = false;  ///< by the job's upscaler, still to be done
  // What the stages make of it:
  std::vector<std::byte> file;
  PictureRow row;
};

}  // namespace limner::drawing
