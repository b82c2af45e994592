// Which network evaluations one ask of a drawing needs, and how their answers become one prediction.

#include <algorithm>
#include <cmath>

#include "engine/drawing.h"
#include "sampling/guidance.h"

namespace limner {
namespace {

// A prompt whose picture was learned by heart pulls harder than others, in whatever noise: Wen et al. 2024,
// "Detecting, explaining, and mitigating memorization in diffusion models" (arXiv:2407.21720). Both
// predictions are here anyway. One sum in order, of one evaluation.
void note_guidance_gap(Drawing& drawing, std::span<const float> negative) {
  if (drawing.sampler->asks_done() != 0 || drawing.evaluations_before != 0) return;
  const std::vector<float>& positive = drawing.predictions[0];
  double sum = 0;
  for (size_t i = 0; i < positive.size(); ++i) {
    const double difference = static_cast<double>(positive[i]) - static_cast<double>(negative[i]);
    sum += difference * difference;
  }
  const double gap = std::sqrt(sum / static_cast<double>(std::max<size_t>(positive.size(), 1)));
  if (std::isfinite(gap)) drawing.guidance_gap = gap;
}

}  // namespace

int Drawing::step_index() const {
  const int total = std::max(1, sampler->asks_total());
  const int steps = request.steps - request.skip;
  return request.skip + std::min(steps - 1, sampler->asks_done() * steps / total);
}

double Drawing::share_done() const {
  return static_cast<double>(sampler->asks_done()) / std::max(1, sampler->asks_total());
}

bool is_guided(const Model& model, const DrawingParams& params) {
  return *params.guidance > 1.0 && !model.guidance_embedded();
}

size_t rows_at(const Model& model, const DrawingParams& params, size_t branches, double done) {
  if (!is_guided(model, params) || (model.pix2pix() && params.image_guidance < 1.0)) return 1;
  if (done < params.guidance_start || done >= params.guidance_end) return 1;
  return branches + (model.pix2pix() ? 2 : 1);
}

bool whole_is_due(const Drawing& drawing) {
  return drawing.sampler->asks_done() % drawing.params.step_cache == 0;
}

namespace {

void choose_row_list(Drawing& drawing) {
  drawing.rows.clear();
  const int step = drawing.step_index();
  for (const ConditioningBranch& branch : drawing.prompts.positive)
    drawing.rows.push_back({&branch.at(step), true, false});
  const size_t count =
      rows_at(*drawing.model, drawing.params, drawing.prompts.positive.size(), drawing.share_done());
  if (count == 1) {
    drawing.rows.resize(1);
    return;
  }
  const Conditioning* negative = &drawing.prompts.negative.at(step);
  drawing.rows.push_back({negative, true, true});
  if (drawing.model->pix2pix()) drawing.rows.push_back({negative, false, true});
}

}  // namespace

void choose_rows(Drawing& drawing) {
  choose_row_list(drawing);
  if (drawing.params.step_cache == 1) return;
  // Where guidance begins there is a row of which nothing is known yet.
  const bool known = drawing.rows.size() <= drawing.deep_rows;
  drawing.part = known && !whole_is_due(drawing) ? UnetPart::outermost : UnetPart::whole_and_deep;
}

void combine_rows(Drawing& drawing) {
  const auto& rows = drawing.predictions;
  const float scale = static_cast<float>(*drawing.params.guidance);
  const size_t branches = drawing.prompts.positive.size();
  if (drawing.rows.size() == 1) {
    std::copy(rows[0].begin(), rows[0].end(), drawing.guided.begin());
    return;
  }
  if (drawing.model->pix2pix()) {
    guide_edit(rows[2], rows[1], rows[0], scale, static_cast<float>(drawing.params.image_guidance),
               drawing.guided);
    return;
  }
  const std::vector<float>& negative = rows[branches];
  note_guidance_gap(drawing, negative);
  if (branches == 1) {
    guide(negative, rows[0], scale, drawing.guided);
  } else {
    std::vector<GuidedCondition> conditions;
    for (size_t i = 0; i < branches; ++i) conditions.push_back({rows[i], drawing.prompts.positive[i].weight});
    guide(negative, conditions, scale, drawing.guided);
  }
  if (drawing.params.guidance_rescale > 0)
    rescale_guidance(rows[0], static_cast<float>(drawing.params.guidance_rescale), drawing.guided);
}

}  // namespace limner
