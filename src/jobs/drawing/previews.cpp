#include "jobs/drawing/previews.h"

#include <utility>

#include "image/codec.h"
#include "jobs/drawing/caught.h"

namespace limner::drawing {
namespace {

constexpr size_t kWaitingMax = 2;
constexpr int kQuality = 80;

// In the format of the picture itself, but for AVIF, whose encoder takes longer than a step.
Format preview_format(const JobRequest& request) {
  const Result<Format> format = format_from_name(request.format, "format");
  return format && *format != Format::avif ? *format : Format::jpeg;
}

}  // namespace

bool Previews::wanted(const ActiveJob& job, int step) const {
  const int every = job.request.preview_every;
  return every > 0 && step % every == 0 && context_.parts.events.listened(job.job.id);
}

void Previews::show(const ActiveJobRef& job, int picture, Picture pixels, int step, int steps) {
  threads_.try_post([this, job, picture, pixels = std::make_shared<const Picture>(std::move(pixels)), step,
                     steps] { publish(*job, picture, *pixels, step, steps); },
                    kWaitingMax);
}

void Previews::publish(ActiveJob& job, int picture, const Picture& pixels, int step, int steps) {
  if (job.ended()) return;
  const Format format = preview_format(job.request);
  Result<std::vector<std::byte>> file =
      caught("preview", [&] { return encode_picture(pixels, {.format = format, .quality = kQuality}); });
  if (!file || job.ended()) return;
  JobEvent event{"preview", {{"picture", picture}, {"step", step}, {"steps", steps}}, nullptr, ""};
  event.picture = std::make_shared<const std::vector<std::byte>>(std::move(file).value());
  event.format = format_name(format);
  context_.parts.events.publish(job.job.id, event);
  if (!job.previewed.exchange(true)) {
    const TimeUs waited = context_.parts.clock.now() - job.job.submitted;
    context_.metrics.first_partial_seconds.with({}).observe(static_cast<double>(waited) / kSecondUs);
  }
}

}  // namespace limner::drawing
