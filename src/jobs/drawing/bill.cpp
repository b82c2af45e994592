#include "jobs/drawing/bill.h"

#include <algorithm>

#include "meter/usage_report.h"

namespace limner::drawing {
namespace {

int64_t price(const PriceTable& prices, const ActiveJob& job, const UsageRow& usage) {
  const int tier = job.tier();
  Quantities used{.engine_us = usage.engine_us, .bytes_stored = usage.bytes_stored};
  if (const auto plan = job.plan(); plan->route == Route::provider)
    return cost_micros(prices, job.job.model, tier, used) + plan->provider_price_micros * usage.pictures;
  used.pictures = usage.pictures;
  used.pixels = usage.pixels;
  return cost_micros(prices, job.job.model, tier, used);
}

}  // namespace

UsageRow bill(const PriceTable& prices, const ActiveJob& job, JobState state, const JobError& error,
              std::vector<PictureRow>& pictures) {
  UsageRow usage;
  usage.engine_us = job.engine_us;
  usage.pictures = static_cast<int>(pictures.size());
  for (const PictureRow& picture : pictures) {
    usage.pixels += int64_t{picture.width} * picture.height;
    usage.bytes_stored += picture.bytes;
  }
  const bool our_fault = state == JobState::failed && error.kind != "request";
  // Never more than was set aside when the job was accepted: that is what makes a budget hard.
  usage.cost_micros = our_fault ? 0 : std::min(price(prices, job, usage), job.job.reserved_micros);
  if (pictures.empty()) return usage;
  const std::vector<int64_t> parts = share_by_rows(usage.cost_micros, std::vector<int>(pictures.size(), 1));
  for (size_t i = 0; i < pictures.size(); ++i) pictures[i].cost_micros = parts[i];
  return usage;
}

}  // namespace limner::drawing
