#include "api/http/exchange.h"

#include "api/reply_channel.h"

namespace limner {
namespace {

class StreamPromise final : public ReplyStream::Channel {
 public:
  explicit StreamPromise(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
  ~StreamPromise() override { exchange_->end_stream({}); }
  bool write(std::string_view bytes) override { return exchange_->write(bytes); }
  void end(std::string_view last) override { exchange_->end_stream(last); }
  bool gone() const override { return exchange_->gone(); }
  void on_disconnect(std::function<void()> call) override { exchange_->on_disconnect(std::move(call)); }

 private:
  std::shared_ptr<Exchange> exchange_;
};

class AnswerPromise final : public Reply::Channel {
 public:
  explicit AnswerPromise(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
  ~AnswerPromise() override { exchange_->abandon(); }
  void send(Response response) override { exchange_->send(std::move(response)); }
  std::shared_ptr<ReplyStream::Channel> stream(Response head, bool heartbeat) override {
    return exchange_->stream(std::move(head), heartbeat);
  }
  void on_disconnect(std::function<void()> call) override { exchange_->on_disconnect(std::move(call)); }

 private:
  std::shared_ptr<Exchange> exchange_;
};

}  // namespace

Exchange::~Exchange() { parts_.stream_bytes->give_back(unsent_); }

Reply Exchange::reply() { return Reply(std::make_shared<AnswerPromise>(shared_from_this())); }

void Exchange::tell(std::function<void(AnswerSink&)> call) {
  parts_.loop->post([connection = parts_.connection, call = std::move(call)] {
    if (const std::shared_ptr<AnswerSink> sink = connection.lock()) call(*sink);
  });
}

void Exchange::send(Response response) {
  {
    const std::lock_guard lock(mutex_);
    if (!answered_) {
      answered_ = true;
      auto shared = std::make_shared<Response>(std::move(response));
      tell([shared](AnswerSink& sink) { sink.answer(std::move(*shared)); });
      return;
    }
  }
  parts_.log.warning("second_answer_dropped", {{"request", parts_.request_id}, {"status", response.status}});
}

std::shared_ptr<ReplyStream::Channel> Exchange::stream(Response head, bool heartbeat) {
  auto channel = std::make_shared<StreamPromise>(shared_from_this());
  const std::lock_guard lock(mutex_);
  if (answered_) {
    ended_ = true;
    return channel;
  }
  answered_ = true;
  auto shared = std::make_shared<Response>(std::move(head));
  tell([shared, heartbeat](AnswerSink& sink) { sink.begin_stream(std::move(*shared), heartbeat); });
  return channel;
}

void Exchange::on_disconnect(std::function<void()> call) {
  {
    const std::lock_guard lock(mutex_);
    if (completed_) return;
    if (!gone_) {
      calls_.push_back(std::move(call));
      return;
    }
  }
  call();
}

void Exchange::abandon() {
  {
    const std::lock_guard lock(mutex_);
    if (answered_) return;
  }
  Response response;
  response.status = 0;  // The connection knows the dialect.
  send(std::move(response));
}

bool Exchange::write(std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  if (gone_ || ended_ || unsent_ > kRoom || !parts_.stream_bytes->take(bytes.size())) return false;
  unsent_ += bytes.size();
  pending_ += bytes;
  wake();
  return true;
}

void Exchange::end_stream(std::string_view last) {
  const std::lock_guard lock(mutex_);
  if (ended_ || gone_) return;
  parts_.stream_bytes->take_anyway(last.size());
  unsent_ += last.size();
  pending_ += last;
  ended_ = true;
  wake();
}

void Exchange::wake() {
  if (woken_) return;
  woken_ = true;
  tell([](AnswerSink& sink) { sink.stream_ready(); });
}

bool Exchange::gone() const {
  const std::lock_guard lock(mutex_);
  return gone_;
}

Exchange::Piece Exchange::take_stream() {
  const std::lock_guard lock(mutex_);
  woken_ = false;
  return {std::exchange(pending_, {}), ended_};
}

void Exchange::sent(size_t bytes) {
  const std::lock_guard lock(mutex_);
  unsent_ -= bytes;
  parts_.stream_bytes->give_back(bytes);
}

void Exchange::disconnect() {
  std::vector<std::function<void()>> calls;
  {
    const std::lock_guard lock(mutex_);
    if (gone_ || completed_) return;
    gone_ = true;
    calls.swap(calls_);
    pending_.clear();
  }
  for (std::function<void()>& call : calls) {
    // Where the pool has no room the loop's thread does it: late is better than never.
    auto shared = std::make_shared<std::function<void()>>(std::move(call));
    if (!parts_.pool.try_run([shared] { (*shared)(); })) (*shared)();
  }
}

void Exchange::complete() {
  std::vector<std::function<void()>> calls;
  const std::lock_guard lock(mutex_);
  completed_ = true;
  calls.swap(calls_);
}

}  // namespace limner
