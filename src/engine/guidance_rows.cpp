// Which network evaluations one ask of a drawing needs, and how their answers become one prediction.

#include <algorithm>

#include "engine/drawing.h"
#include "sampling/guidance.h"

namespace limner {
namespace {

// diffusers: guidance acts above 1 and where the scale is not an input of the network.
bool guided_now(const Drawing& drawing) {
  if (*drawing.params.guidance <= 1.0 || drawing.model->guidance_embedded()) return false;
  if (drawing.model->pix2pix() && drawing.params.image_guidance < 1.0) return false;
  const double done = drawing.share_done();
  return done >= drawing.params.guidance_start && done < drawing.params.guidance_end;
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

void choose_rows(Drawing& drawing) {
  drawing.rows.clear();
  const int step = drawing.step_index();
  for (const ConditioningBranch& branch : drawing.prompts.positive)
    drawing.rows.push_back({&branch.at(step), true, false});
  if (!guided_now(drawing)) {
    drawing.rows.resize(1);
    return;
  }
  const Conditioning* negative = &drawing.prompts.negative.at(step);
  drawing.rows.push_back({negative, true, true});
  if (drawing.model->pix2pix()) drawing.rows.push_back({negative, false, true});
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
