#include "jobs/drawing/scrape.h"

#include <algorithm>

namespace limner::drawing {

void refresh_gauges_at_scrape(WorkerContext& context, const std::shared_ptr<Metering>& metering) {
  struct Last {
    TimeUs at = 0;
    double busy_seconds = 0;
  };
  const Clock& clock = context.parts.clock;
  const auto last = std::make_shared<Last>(Last{clock.steady(), 0});
  context.parts.metrics.before_scrape([jobs = std::weak_ptr(context.jobs), weak = std::weak_ptr(metering),
                                       last, metrics = context.metrics, &clock] {
    const std::shared_ptr<ActiveJobs> alive = jobs.lock();
    const std::shared_ptr<Metering> meter = weak.lock();
    if (!alive || !meter) return;
    for (TierNumber tier = 0; tier < kTierCount; ++tier) {
      const ActiveJobs::Waiting waiting = alive->waiting(tier);
      const std::string name = tier_name(static_cast<Tier>(tier));
      const TimeUs age = waiting.oldest == 0 ? 0 : clock.now() - waiting.oldest;
      metrics.queue_depth.with({name}).set(static_cast<double>(waiting.jobs));
      metrics.queue_oldest_seconds.with({name}).set(static_cast<double>(age) / kSecondUs);
    }
    const double busy = meter->busy_seconds();
    const double passed = static_cast<double>(clock.steady() - last->at) / kSecondUs;
    // Upscaling goes on beside the engine's thread, so that both together may be busy for more than the time
    // that passed.
    if (passed > 0)
      metrics.engine_utilisation.with({}).set(std::min(1.0, (busy - last->busy_seconds) / passed));
    *last = {clock.steady(), busy};
  });
}

}  // namespace limner::drawing
