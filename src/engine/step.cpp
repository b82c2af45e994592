// Advancing drawings: their asks are answered together where shapes agree.

#include <algorithm>
#include <chrono>

#include "engine/drawing.h"
#include "engine/unet_batch.h"

namespace limner {
namespace {

BatchShape shape_of(const Drawing& drawing, const Row& row) {
  BatchShape shape;
  shape.extent = drawing.extent;
  shape.tokens = row.conditioning->tokens;
  shape.controlled = !drawing.controls.empty();
  shape.tile_x = drawing.tiling.tile_x;
  shape.tile_y = drawing.tiling.tile_y;
  shape.part = drawing.part;
  return shape;
}

bool together(const BatchRow& a, const BatchRow& b) {
  const BatchShape x = shape_of(*a.drawing, a.drawing->rows[a.row]),
                   y = shape_of(*b.drawing, b.drawing->rows[b.row]);
  return x.extent == y.extent && x.tokens == y.tokens && x.controlled == y.controlled && x.part == y.part &&
         x.tile_x == y.tile_x && x.tile_y == y.tile_y;
}

// Inpainting with a plain model: outside the mask the latent is the picture at the present noise level.
void keep_outside_mask(Drawing& drawing) {
  const PictureInput& picture = drawing.picture;
  if (picture.mask.empty() || picture.extra_channels > 0) return;
  drawing.sampler->noised(picture.clean, picture.noise, drawing.guided);
  const std::span<float> latent = drawing.sampler->latent();
  const size_t plane = picture.mask.size();
  for (size_t i = 0; i < latent.size(); ++i) {
    const float redraw = picture.mask[i % plane];
    latent[i] = (1 - redraw) * drawing.guided[i] + redraw * latent[i];
  }
}

void tell(Drawing& drawing) {
  if (drawing.part == UnetPart::whole_and_deep) drawing.deep_rows = drawing.rows.size();
  combine_rows(drawing);
  drawing.sampler->tell(drawing.guided, *drawing.noise);
  keep_outside_mask(drawing);
}

Result<void> run_group(Model& model, std::span<BatchRow> rows) {
  while (!rows.empty()) {
    const size_t count = std::min(rows.size(), UnetBatch::rows_max(rows[0].drawing->extent));
    BatchShape shape = shape_of(*rows[0].drawing, rows[0].drawing->rows[rows[0].row]);
    shape.rows = static_cast<int>(count);
    UnetBatch* batch = TRY(model.batch(shape));
    batch->run(rows.first(count), model.workspace());
    rows = rows.subspan(count);
  }
  return {};
}

}  // namespace

Result<void> step(std::span<Drawing* const> drawings) {
  if (drawings.empty()) return {};
  const auto started = std::chrono::steady_clock::now();
  Model& model = *drawings[0]->model;
  std::vector<BatchRow>& rows = model.batch_rows();
  rows.clear();
  for (Drawing* drawing : drawings) {
    LIMNER_CHECK(drawing->model == &model, "drawings of one step belong to one model");
    const std::optional<Ask> ask = drawing->sampler->ask();
    LIMNER_CHECK(ask.has_value(), "a drawing that is drawn takes no step");
    choose_rows(*drawing);
    for (size_t i = 0; i < drawing->rows.size(); ++i) rows.push_back({drawing, i, *ask});
  }
  for (size_t begin = 0; begin < rows.size();) {
    const auto rest = rows.begin() + static_cast<ptrdiff_t>(begin);
    const auto end =
        std::partition(rest + 1, rows.end(), [&](const BatchRow& row) { return together(*rest, row); });
    const size_t count = static_cast<size_t>(end - rest);
    TRY(run_group(model, std::span(rows).subspan(begin, count)));
    begin += count;
  }
  for (Drawing* drawing : drawings) tell(*drawing);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - started;
  for (Drawing* drawing : drawings) {
    drawing->times.steps_ms += took.count();
    if (!drawing->sampler->ask() && drawing->wants_second_pass) TRY(begin_second_pass(*drawing));
  }
  return {};
}

}  // namespace limner
