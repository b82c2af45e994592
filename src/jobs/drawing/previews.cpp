#include "jobs/drawing/previews.h"

#include <fmt/format.h>

#include <utility>

#include "image/codec.h"
#include "jobs/drawing/caught.h"
#include "jobs/picture_marker.h"

namespace limner::drawing {
namespace {

constexpr size_t kWaitingMax = 2;
constexpr int kQuality = 80;

// In the format of the picture itself, but for AVIF, whose encoder takes longer than a step.
Format preview_format(const JobRequest& request) {
  const Result<Format> format = format_from_name(request.format, "format");
  return format && *format != Format::avif ? *format : Format::jpeg;
}

// A manifest costs less than the encoding, a watermark more than many a step: previews do without the latter.
Result<std::vector<std::byte>> marked_file(const PictureMarker* marker, const Picture& pixels,
                                           Format format) {
  std::vector<std::byte> file = TRY(encode_picture(pixels, {.format = format, .quality = kQuality}));
  if (!marker) return file;
  PictureOrigin origin;
  // Nobody shall wait for an authority to see how far a picture is.
  origin.stamped = false;
  origin.title = "preview" + std::string(format_extension(format));
  return marker->sign(std::move(file), format, std::move(origin));
}

}  // namespace

bool Previews::wanted(const ActiveJob& job, int step) const {
  const int every = job.request.preview_every;
  if (every <= 0 || step % every != 0 || !context_.parts.events.listened(job.job.id)) return false;
  const Policy& policy = context_.policies.policy_for(job.policy_subject());
  return policy.picture_checks.empty() || policy.previews == PreviewRule::check;
}

void Previews::show(const ActiveJobRef& job, int picture, Picture pixels, int step, int steps) {
  threads_.try_post([this, job, picture, pixels = std::make_shared<const Picture>(std::move(pixels)), step,
                     steps] { publish(job, picture, *pixels, step, steps); },
                    kWaitingMax);
}

// A policy that checks pictures checks what is to be seen of them while they are drawn. What is refused then
// will not get better: no more time is spent on it - unless a person said that it may be drawn. It is not
// seen before it is done then, and what is done is checked as ever.
bool Previews::may_show(const ActiveJobRef& job, int picture, const Picture& pixels) {
  const PolicySubject subject = job->policy_subject();
  if (context_.policies.policy_for(subject).picture_checks.empty()) return true;
  VerdictRow verdict = context_.policies.ask_picture(subject, VerdictStage::output,
                                                     fmt::format("preview_{}", picture), pixels);
  if (verdict.standing == Standing::passed) return true;
  if (verdict.standing == Standing::refused && !may_go_on(*job, verdict.subject)) {
    const JobError error = policy_error(verdict);
    job->add_verdict(std::move(verdict));
    ending_.end(job, JobState::refused, error);
  }
  return false;
}

bool Previews::may_go_on(const ActiveJob& job, const std::string& subject) const {
  const Result<bool> approved =
      context_.parts.ledger.reviews().approved(job.job.id, VerdictStage::output, subject);
  return approved && *approved;
}

void Previews::publish(const ActiveJobRef& of, int picture, const Picture& pixels, int step, int steps) {
  ActiveJob& job = *of;
  if (job.ended() || !may_show(of, picture, pixels)) return;
  const Format format = preview_format(job.request);
  Result<std::vector<std::byte>> file =
      caught("preview", [&] { return marked_file(context_.parts.marker, pixels, format); });
  if (!file) {
    context_.parts.log.warning("preview_failed", {{"job", job.job.id}, {"error", file.error().text()}});
    return;
  }
  if (job.ended()) return;
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
