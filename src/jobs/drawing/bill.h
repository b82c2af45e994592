#pragma once
// What a job costs.

#include <vector>

#include "jobs/drawing/active_job.h"
#include "ledger/pictures.h"
#include "ledger/usage.h"
#include "meter/prices.h"

namespace limner::drawing {

/// The usage row of a job that ends in `state` with `pictures`, which get their parts of its cost, equal
/// ones: they are of one size and as many steps. Nothing is billed for a job that failed by our fault; its
/// engine time is booked all the same.
UsageRow bill(const PriceTable& prices, const ActiveJob& job, JobState state, const JobError& error,
              std::vector<PictureRow>& pictures);

}  // namespace limner::drawing
