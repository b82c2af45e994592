#pragma once
// Gauges that nobody keeps up to date but when somebody looks.

#include <memory>

#include "jobs/drawing/metering.h"
#include "jobs/drawing/worker_context.h"

namespace limner::drawing {

/// Depth and age of the lines, and the engine's utilisation since the scrape before. Does nothing once the
/// worker is gone.
void refresh_gauges_at_scrape(WorkerContext& context, const std::shared_ptr<Metering>& metering);

}  // namespace limner::drawing
