#include "jobs/review_desk.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/crypto.h"
#include "base/ids.h"
#include "image/codec.h"
#include "image/format.h"
#include "image/resize.h"
#include "jobs/drawing/job_news.h"
#include "jobs/uploads.h"

namespace limner {
namespace {

// The longer side of a blurred picture, before it is enlarged again.
constexpr int kBlurSide = 12;
constexpr int kBlurQuality = 80;

// Down to a few pixels and up again: nothing of the detail is left that a filter could bring back.
Result<Picture> blurred(const Picture& picture) {
  const double scale = static_cast<double>(kBlurSide) / std::max(picture.width, picture.height);
  const auto side = [&](int length) { return std::max(1, static_cast<int>(length * scale)); };
  const Picture small = TRY(resize(picture, side(picture.width), side(picture.height), ResizeFilter::box));
  return resize(small, std::min(picture.width, 512), std::min(picture.height, 512), ResizeFilter::bicubic);
}

std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

Result<Review> ReviewDesk::find(std::string_view id) {
  if (!is_id(id, "rev")) return not_found("id", "there is no such review");
  return ledger_.reviews().find(id);
}

// An output is read past the door that is closed to everybody else.
Result<ReviewedPicture> ReviewDesk::read(const Review& review) {
  const VerdictRow& verdict = review.verdict;
  if (verdict.stage == VerdictStage::prompt)
    return not_found("picture", "a prompt is under review, and no picture");
  if (is_id(verdict.subject, "file")) {
    const Upload upload = TRY(uploads_.find(review.tenant, verdict.subject, "", "picture"));
    return ReviewedPicture{TRY(uploads_.read(review.tenant, upload.id, "picture")), upload.content_type,
                           true};
  }
  if (!is_id(verdict.subject, "pic"))
    return not_found("picture", "it was refused while it was drawn, and is not kept",
                     "approved, it is drawn and checked again");
  const PictureRow picture = TRY(ledger_.pictures().find(verdict.subject));
  if (picture.deleted != 0) return not_found("picture", "it was deleted");
  const Format format = TRY(format_from_name(picture.format, "format"));
  return ReviewedPicture{TRY(store_.get(picture.key, picture.bytes)), std::string(format_media_type(format)),
                         true};
}

Result<ReviewedPicture> ReviewDesk::picture(const Caller& reviewer, std::string_view id, bool clear) {
  const Review review = TRY(find(id));
  ReviewedPicture file = TRY(read(review));
  if (clear) {
    AuditEvent event{"review.look", {"key", reviewer.key.id}, {"review", review.id}};
    event.details = {{"job", review.verdict.job}};
    TRY(ledger_.audit().record(event));
    return file;
  }
  const Picture picture = TRY(decode_picture(as_bytes(file.bytes), "picture", uploads_.limits().decode));
  const std::vector<std::byte> encoded =
      TRY(encode_picture(TRY(blurred(picture)), {.format = Format::jpeg, .quality = kBlurQuality}));
  return ReviewedPicture{text_of(encoded), std::string(format_media_type(Format::jpeg)), false};
}

// An approval gives pictures out, or has them drawn. That of a sample does neither: it passed before.
Result<void> ReviewDesk::check_may_approve(const Review& review, const Job& job) const {
  if (review.verdict.standing == Standing::passed) return {};
  const std::optional<Incident> incident = containment_.stop(facts_of(job));
  if (!incident) return {};
  return Error{Code::conflict, "incident", stopped_by(*incident, clock_.now()).message,
               "refuse it, or approve it once the incident is over"};
}

Result<Reviewed> ReviewDesk::decide(const Caller& reviewer, std::string_view id, Ruling ruling,
                                    std::string_view reason) {
  const Review before = TRY(find(id));
  const Job job_before = TRY(ledger_.jobs().find(before.verdict.job));
  if (ruling == Ruling::approve) TRY(check_may_approve(before, job_before));
  const ReviewDecision made{{"key", reviewer.key.id}, ruling, std::string(reason), clock_.now()};
  const auto webhook_body = [&](const Job& job, const std::vector<PictureRow>& pictures) {
    return drawing::webhook_body(job, job.state, job.error, pictures, clock_.now());
  };
  Reviewed reviewed = TRY(ledger_.reviews().decide(id, made, limits_.hourly_max, webhook_body));
  log_.info("review_decision", {{"review", reviewed.review.id},
                                {"job", reviewed.job.id},
                                {"decision", ruling_name(ruling)},
                                {"decided", reviewed.review.decided != 0}});
  if (reviewed.job.state != job_before.state)
    events_.publish(reviewed.job.id, drawing::finished_event(reviewed.job));
  const bool approved = reviewed.review.decided != 0 && reviewed.review.outcome == Standing::passed;
  const bool is_kept = before.verdict.stage == VerdictStage::output && is_id(before.verdict.subject, "pic");
  if (approved && !is_kept) resume(reviewed.job);
  return reviewed;
}

void ReviewDesk::resume(const Job& job) {
  Caller caller;
  const Result<Tenant> tenant = ledger_.tenants().find(job.tenant);
  const Result<ApiKey> key = ledger_.tenants().find_key(job.api_key);
  if (tenant && key && key->revoked == 0) {
    caller.tenant = *tenant;
    caller.key = *key;
    caller.request_id = job.request_id;
    const Result<JobView> again = jobs_.retry(caller, job.id);
    if (again) return;
    log_.info("approved_job_waits", {{"job", job.id}, {"error", again.error().text()}});
  }
}

Result<std::vector<Review>> ReviewDesk::appeal(const Caller& caller, std::string_view job,
                                               std::string_view text) {
  const JobView view = TRY(jobs_.find(caller, job));
  return ledger_.reviews().appeal(view.job.id, text, {"key", caller.key.id}, clock_.now());
}

}  // namespace limner
