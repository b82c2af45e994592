#include "jobs/drawing/metering.h"

#include "meter/usage_report.h"

namespace limner::drawing {
namespace {

double seconds(int64_t us) { return static_cast<double>(us) / kSecondUs; }

}  // namespace

double Metering::book(ActiveJob& job, const Stretch& stretch) {
  const int64_t us = stretch.us();
  add(job, us);
  return seconds(us);
}

std::vector<int64_t> Metering::book_batch(std::span<ActiveJob* const> jobs, const std::vector<int>& rows,
                                          const Stretch& stretch) {
  std::vector<int64_t> shares = share_by_rows(stretch.us(), rows);
  for (size_t i = 0; i < jobs.size(); ++i) add(*jobs[i], shares[i]);
  return shares;
}

void Metering::add(ActiveJob& job, int64_t us) {
  job.engine_us += us;
  job.leave_engine();
  busy_us_ += us;
  job.engine_seconds->add(seconds(us));
  context_.metrics.engine_busy_seconds.with({}).add(seconds(us));
}

}  // namespace limner::drawing
