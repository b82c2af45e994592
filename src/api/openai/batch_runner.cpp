#include "api/batch_runner.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/job_outcome.h"
#include "api/openai/batch_object.h"
#include "api/openai/image_answer.h"
#include "api/openai/image_fields.h"
#include "api/openai/image_inputs.h"
#include "api/route.h"
#include "base/ids.h"

namespace limner {
namespace {

constexpr int kLinesAtOnce = 64;
// Answers carry the pictures themselves until the output file is as large as this; later lines carry URLs.
constexpr size_t kPictureBytesMax = 128u << 20;

// What a line's `response` in the ledger says of the pictures whose bytes the output file holds.
constexpr const char* kPicturesInFile = "pictures";

Result<void> check_given_out(Services& services, const PictureRow& picture) {
  if (picture.deleted != 0)
    return not_found("id", fmt::format("holds the picture {}, which was deleted", picture.id));
  return services.worker.containment().check_picture(picture);
}

Result<void> check_output_line(Services& services, const BatchItem& item) {
  if (item.status != 200) return {};
  if (item.response.is_object() && item.response.contains(kPicturesInFile)) {
    for (const Json& id : item.response[kPicturesInFile]) {
      const PictureRow picture = TRY(services.ledger.pictures().find(id.get<std::string>()));
      TRY(check_given_out(services, picture));
    }
    return {};
  }
  // A line of a time when lines did not say it, or one that cannot be read: it may be any of its job's.
  const std::vector<PictureRow> pictures = TRY(services.ledger.pictures().of_job(item.job));
  for (const PictureRow& picture : pictures) TRY(check_given_out(services, picture));
  return {};
}

/// One batch, moved on as far as it goes.
class BatchRun {
 public:
  BatchRun(Services& services, Batch batch, std::optional<WaitingBatchLine>& waiting,
           const std::function<bool()>& stop)
      : services_(services), batch_(std::move(batch)), waiting_(waiting), stop_(stop) {}

  Result<void> run() {
    if (batch_.state == BatchState::validating) TRY(validate());
    if (batch_.state == BatchState::in_progress || batch_.state == BatchState::cancelling) TRY(carry_on());
    if (batch_.state == BatchState::finalizing)
      TRY(write_files(batch_.finalizing >= batch_.expires ? BatchState::expired : BatchState::completed));
    return {};
  }

 private:
  TimeUs now() const { return services_.clock.now(); }

  Result<void> validate() {
    Result<std::string> text = services_.uploads.read(batch_.tenant, batch_.input_file, "input_file_id");
    if (!text && text.error().code != Code::not_found) return std::move(text).error();
    BatchFile file;
    if (text)
      file = read_batch_file(*text, batch_);
    else
      file.faults.push_back({0, "not_found", "the input file was deleted", "input_file_id"});
    if (!file.faults.empty()) {
      batch_.errors = faults_object(file.faults);
      return end(BatchState::failed);
    }
    batch_.total = static_cast<int>(file.items.size());
    batch_.state = BatchState::in_progress;
    batch_.in_progress = now();
    return services_.ledger.batches().add_items(batch_, file.items);
  }

  Result<void> carry_on() {
    if (now() >= batch_.expires) ending_ = BatchState::expired;
    if (batch_.state == BatchState::cancelling) ending_ = BatchState::cancelled;
    bool waits = false;
    for (bool more = true; more && !stop_();) {
      const std::vector<BatchItem> items =
          TRY(services_.ledger.batches().open_items(batch_.id, kLinesAtOnce));
      more = !items.empty();
      bool moved = false;
      for (BatchItem item : items) {
        if (stop_()) return {};
        const bool answered = TRY(carry_out(item));
        moved |= answered;
        waits |= !answered;
      }
      // What is left of these lines is being drawn: come back later.
      if (!moved) more = false;
    }
    if (waits || stop_()) return {};
    const std::vector<BatchItem> open = TRY(services_.ledger.batches().open_items(batch_.id, 1));
    if (!open.empty()) return {};
    const bool cancelled = ending_ == BatchState::cancelled;
    batch_ = TRY(services_.ledger.batches().find(batch_.id));
    if (cancelled) return write_files(BatchState::cancelled);
    batch_.finalizing = now();
    batch_.state = BatchState::finalizing;
    return services_.ledger.batches().update(batch_);
  }

  // Whether the line has its answer now.
  Result<bool> carry_out(BatchItem& item) {
    if (item.job.empty()) {
      if (ending_ != BatchState::completed) return answer(item, stopped_error());
      // What was said to one line would be said to the next.
      if (full_) return false;
      return submit(item);
    }
    const Job job = TRY(services_.ledger.jobs().find(item.job));
    if (!has_ended(job.state)) {
      if (ending_ != BatchState::completed) {
        const Caller caller = TRY(caller_of_batch());
        static_cast<void>(services_.jobs.cancel(caller, job.id));
      }
      return false;
    }
    if (const std::optional<Error> error = error_of(job)) return answer(item, *error);
    return answer_with_pictures(item);
  }

  Error stopped_error() const {
    return ending_ == BatchState::expired
               ? Error{Code::deadline, "", "the batch's time was over before this line was begun", ""}
               : Error{Code::cancelled, "", "the batch was cancelled", ""};
  }

  Result<Caller> caller_of_batch() const {
    Caller caller;
    caller.tenant = TRY(services_.ledger.tenants().find(batch_.tenant));
    caller.key = TRY(services_.ledger.tenants().find_key(batch_.api_key));
    caller.request_id = batch_.id;
    caller.dialect = "batch";
    caller.trace = new_trace();
    return caller;
  }

  ImageOperation operation() const {
    if (batch_.endpoint.ends_with("edits")) return ImageOperation::edit;
    return batch_.endpoint.ends_with("variations") ? ImageOperation::vary : ImageOperation::generate;
  }

  // The line as a request, which some of its translation asks things of.
  Request request_of(const BatchItem& item, const Caller& caller) const {
    Request request;
    request.method = "POST";
    request.path = batch_.endpoint;
    request.request_id = fmt::format("{}-{}", batch_.id, item.line);
    request.caller = caller;
    return request;
  }

  Result<ImageRequest> translate(const BatchItem& item, const Request& request) const {
    if (!item.unreadable.empty())
      return Error{Code::data_loss, "body", "cannot be read: " + item.unreadable, ""};
    Json fields = item.body;
    const GivenImages given = TRY(given_images(request, fields));
    ImageRequest image = TRY(read_image_request(fields, operation(), services_.catalogue));
    if (operation() != ImageOperation::generate)
      TRY(keep_images(services_, request, given, operation(), image));
    if (!fields.contains("tier")) image.job.tier = Tier::batch;
    return image;
  }

  // As it was understood in an earlier round, if it waits since then.
  Result<JobRequest> job_of(const BatchItem& item, const Request& request) const {
    if (waiting_ && waiting_->line == item.line && now() < waiting_->good_until) return waiting_->job;
    ImageRequest image = TRY(translate(item, request));
    return std::move(image.job);
  }

  void let_wait(const BatchItem& item, JobRequest job) {
    full_ = true;
    if (waiting_ && waiting_->line == item.line && now() < waiting_->good_until) return;
    const TimeUs kept_for = services_.config.inline_picture_hours * 3600 * kSecondUs;
    waiting_ = WaitingBatchLine{item.line, std::move(job), now() + kept_for / 2};
  }

  // What a request is asked at the door, for each line anew: rights are taken while a batch lasts.
  Result<void> may_draw(const Caller& caller) const {
    if (!caller.key.valid_at(now()))
      return Error{Code::unauthenticated, "key", "the batch's key is no longer valid", ""};
    if (caller.tenant.disabled)
      return Error{Code::forbidden, "tenant", "this tenant is disabled", "ask the operator"};
    if (!caller.key.allows(Scope::draw))
      return Error{Code::forbidden, "scope",
                   fmt::format("the batch's key may not draw any more: that needs the scope \"{}\"",
                               scope_name(Scope::draw)),
                   "ask the operator"};
    return {};
  }

  Result<bool> submit(BatchItem& item) {
    Caller caller = TRY(caller_of_batch());
    if (const Result<void> may = may_draw(caller); !may) return answer(item, may.error());
    const Request request = request_of(item, caller);
    caller.request_id = request.request_id;
    Result<JobRequest> job = job_of(item, request);
    if (!job) return answer(item, job.error());
    Idempotency once;
    once.scope = "batch";
    once.key = request.request_id;
    once.fingerprint = request.request_id;
    once.expires = batch_.expires + kDayUs;
    const Result<Submitted> submitted = services_.jobs.submit(caller, *job, once);
    if (!submitted) {
      // A full queue or a limit of the moment: the line waits for its turn, until the batch's time is over.
      if (JobService::retry_after(submitted.error())) {
        let_wait(item, std::move(*job));
        return false;
      }
      return answer(item, submitted.error());
    }
    item.job = submitted->job.id;
    TRY(services_.ledger.batches().update_item(item));
    return false;
  }

  Result<bool> answer(BatchItem& item, const Error& error) {
    const Request request = request_of(item, {});
    const Response response = error_response(Dialect::openai, error, request);
    item.status = response.status;
    item.response = TRY(parse_json(response.body, "response"));
    TRY(services_.ledger.batches().update_item(item));
    return true;
  }

  // What the answer says is put together when the output file is written: pictures are too large to lie in a
  // ledger.
  Result<bool> answer_with_pictures(BatchItem& item) {
    item.status = 200;
    item.response = Json::object();
    TRY(services_.ledger.batches().update_item(item));
    return true;
  }

  struct PicturesAnswer {
    Json body;
    std::vector<std::string> held;  ///< ids of the pictures whose bytes it has
  };
  Result<PicturesAnswer> pictures_answer(const BatchItem& item, bool as_url) {
    const Caller caller = TRY(caller_of_batch());
    const JobView view = TRY(services_.jobs.find(caller, item.job));
    ImageRequest image;
    if (!view.job.unreadable.empty()) return unreadable_error(view.job);
    image.job = TRY(job_request_from_json(view.job.request));
    image.as_url = as_url;
    PicturesAnswer answer{TRY(image_answer(services_, request_of(item, caller), image, view)), {}};
    if (!as_url)
      for (const PictureRow& picture : view.pictures) answer.held.push_back(picture.id);
    return answer;
  }

  // A picture that was deleted meanwhile is an answer too.
  Result<void> put_pictures(BatchItem& item, bool as_url) {
    Result<PicturesAnswer> answer = pictures_answer(item, as_url);
    if (!answer && answer.error().code == Code::unavailable) return std::move(answer).error();
    // Noted before the file is there: whoever asks for it is told by this which pictures to ask about.
    item.response = {{kPicturesInFile, answer ? answer->held : std::vector<std::string>()}};
    TRY(services_.ledger.batches().update_item(item));
    if (answer) {
      item.response = std::move(answer->body);
      return {};
    }
    const Response response = error_response(Dialect::openai, answer.error(), request_of(item, {}));
    item.status = response.status;
    item.response = TRY(parse_json(response.body, "response"));
    return {};
  }

  Result<void> write_files(BatchState state) {
    std::string good, bad;
    for (int after = 0;;) {
      const std::vector<BatchItem> items =
          TRY(services_.ledger.batches().items(batch_.id, after, kLinesAtOnce));
      if (items.empty()) break;
      for (BatchItem item : items) {
        const bool as_url = good.size() > kPictureBytesMax || !item.body.is_object() ||
                            item.body.value("response_format", Json()) == "url";
        if (item.status == 200) TRY(put_pictures(item, as_url));
        (item.status == 200 ? good : bad) += output_line(item);
      }
      after = items.back().line;
    }
    if (!good.empty()) batch_.output_file = TRY(keep("output", good));
    if (!bad.empty()) batch_.error_file = TRY(keep("errors", bad));
    return end(state);
  }

  Result<std::string> keep(const char* what, const std::string& text) {
    const TimeUs expires =
        batch_.output_expires_seconds == 0 ? 0 : now() + batch_.output_expires_seconds * kSecondUs;
    const Upload upload = TRY(services_.uploads.keep(
        batch_.tenant, "batch_output", fmt::format("{}_{}.jsonl", batch_.id, what), text, what, expires));
    return upload.id;
  }

  Result<void> end(BatchState state) {
    batch_.state = state;
    batch_.ended = now();
    return services_.ledger.batches().update(batch_);
  }

  Services& services_;
  Batch batch_;
  std::optional<WaitingBatchLine>& waiting_;
  const std::function<bool()>& stop_;
  bool full_ = false;  ///< a line was refused for the moment
  BatchState ending_ = BatchState::completed;
};

}  // namespace

Result<void> check_batch_output(Services& services, const Upload& file) {
  const Batch batch = TRY(services.ledger.batches().find_by_file(file.tenant, file.id));
  if (file.id != batch.output_file) return {};
  for (int after = 0;;) {
    const std::vector<BatchItem> items = TRY(services.ledger.batches().items(batch.id, after, kLinesAtOnce));
    if (items.empty()) return {};
    for (const BatchItem& item : items) TRY(check_output_line(services, item));
    after = items.back().line;
  }
}

void BatchRunner::run_due(const std::function<bool()>& stop) {
  const Result<std::vector<Batch>> batches = services_.ledger.batches().unfinished();
  if (!batches) {
    services_.log.warning("batches_unread", {{"error", batches.error().text()}});
    return;
  }
  std::erase_if(waiting_, [&](const auto& entry) {
    return std::ranges::find(*batches, entry.first, &Batch::id) == batches->end();
  });
  for (const Batch& batch : *batches) {
    if (stop()) return;
    if (const Result<void> run = BatchRun(services_, batch, waiting_[batch.id], stop).run(); !run)
      services_.log.warning("batch_stumbled", {{"batch", batch.id}, {"error", run.error().text()}});
  }
}

}  // namespace limner
