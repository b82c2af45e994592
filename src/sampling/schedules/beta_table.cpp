// Quantiles of the Beta(0.6, 0.6) distribution as places in the training table: what ComfyUI calls "beta".
// Lee et al. 2024 (arXiv:2407.12173). A place that comes up twice is taken once, so at very many steps there
// are fewer than asked for.

#include <cmath>

#include "sampling/schedules/beta_quantile.h"
#include "sampling/schedules/schedule_frame.h"

namespace limner {
namespace {

SchedulePoints make_beta_table_schedule(const ScheduleFrame& frame) {
  SchedulePoints points;
  const double last = static_cast<double>(frame.table.size() - 1);
  for (int step = 0; step < frame.steps; ++step) {
    const double place =
        std::rint(beta_quantile(1 - static_cast<double>(step) / frame.steps, kBetaShape, kBetaShape) * last);
    if (!points.timesteps.empty() && points.timesteps.back() == place) continue;
    points.timesteps.push_back(place);
    points.sigmas.push_back(frame.table[static_cast<size_t>(place)]);
  }
  return points;
}

}  // namespace

extern const NoiseSchedule kBetaTable;
const NoiseSchedule kBetaTable = {"beta_table", "Beta (ComfyUI)",        {}, "dense at both ends of time",
                                  false,        make_beta_table_schedule};

}  // namespace limner
