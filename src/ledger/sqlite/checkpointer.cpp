#include "ledger/sqlite/checkpointer.h"

namespace limner::sqlite {
namespace {

constexpr int kPagesDue = 1000;  // SQLite's own default: 4 MB
// The log is begun anew only when all of it has been moved. Under writes without a pause that moment never
// comes by itself: at 32 MB the writer moves the rest, which is little.
constexpr int kPagesWriterHelps = 8000;

void checkpoint(sqlite3* db) {
  // A failure costs nothing but a longer log; the next commit asks again.
  sqlite3_wal_checkpoint_v2(db, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
}

}  // namespace

Checkpointer::Checkpointer(Connection db)
    : db_(std::move(db)),
      due_at_(kPagesDue),
      writer_helps_at_(kPagesWriterHelps),
      thread_([this] { work(); }) {}

Checkpointer::~Checkpointer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  log_grew_.notify_one();
  thread_.join();
}

void Checkpointer::watch(Connection& writer) { sqlite3_wal_hook(writer.handle(), committed, this); }

int Checkpointer::committed(void* self, sqlite3* db, const char*, int pages) {
  auto& checkpointer = *static_cast<Checkpointer*>(self);
  if (pages < kPagesDue) {
    checkpointer.due_at_ = kPagesDue;
    checkpointer.writer_helps_at_ = kPagesWriterHelps;
  }
  if (pages < checkpointer.due_at_) return SQLITE_OK;
  // What was moved stays in the log until that is begun anew: only what came since is new work.
  checkpointer.due_at_ = pages + kPagesDue;
  if (pages >= checkpointer.writer_helps_at_) {
    checkpoint(db);
    // A long reader can hold the log's beginning: not again for every commit.
    checkpointer.writer_helps_at_ = pages + kPagesWriterHelps;
  }
  {
    const std::lock_guard lock(checkpointer.mutex_);
    checkpointer.due_ = true;
  }
  checkpointer.log_grew_.notify_one();
  return SQLITE_OK;
}

void Checkpointer::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    log_grew_.wait(lock, [&] { return due_ || stopping_; });
    if (stopping_) return;
    due_ = false;
    lock.unlock();
    checkpoint(db_.handle());
    lock.lock();
  }
}

}  // namespace limner::sqlite
