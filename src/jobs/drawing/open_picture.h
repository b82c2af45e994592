#pragma once
// A picture that the engine holds open. The engine's thread alone touches it.

#include <memory>
#include <string>

#include "engine/engine.h"
#include "jobs/drawing/drawing_queue.h"
#include "jobs/noise_watermark.h"
#include "registry/model_pool.h"

namespace limner::drawing {

/// A drawing and what its noise carries.
struct OpenedDrawing {
  DrawingPtr drawing;
  NoiseCarried noise;
};

struct OpenPicture {
  PictureTask task;
  std::shared_ptr<const JobPlan> plan;
  std::shared_ptr<LoadedModel> model;
  DrawingPtr drawing;     ///< borrows the model; null while it is put aside
  std::string put_aside;  ///< its state then
  NoiseCarried noise;
  TimeUs opened = 0;
  int rows = 0;
  int64_t steps_us = 0;      ///< its share of its steps
  double fixed_seconds = 0;  ///< opening and finishing
  bool alone =
      false;  ///< a batch with it failed: it is stepped by itself until it is clear whose fault it was
  bool is_drawn = false;
};

}  // namespace limner::drawing
