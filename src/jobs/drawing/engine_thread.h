#pragma once
// The thread that drives the engine. It does one thing at a time - open a picture, step a batch, finish a
// picture - and asks anew what is most urgent after each, so that nothing urgent waits for more than one of
// them.

#include <atomic>
#include <functional>
#include <map>
#include <thread>
#include <unordered_map>
#include <vector>

#include "jobs/drawing/drawing_queue.h"
#include "jobs/drawing/ending.h"
#include "jobs/drawing/engine_inbox.h"
#include "jobs/drawing/engine_use.h"
#include "jobs/drawing/finishing.h"
#include "jobs/drawing/leases.h"
#include "jobs/drawing/metering.h"
#include "jobs/drawing/open_picture.h"
#include "jobs/drawing/previews.h"
#include "jobs/drawing/worker_context.h"

namespace limner::drawing {

/// Invariants: (1) nothing on this thread waits for a disk or a network; (2) a job's lease is asked for
/// before its first picture is opened; (3) every stretch of the engine's work is booked.
class EngineThread {
 public:
  struct Parts {
    DrawingQueue& queue;
    EngineInbox& inbox;
    Leases& leases;
    Ending& ending;
    Finishing& finishing;
    Metering& metering;
    Previews& previews;
    EngineUse& use;
    /// Draws the job with its fallback, if it has one: false if not.
    std::function<bool(const ActiveJobRef&)> fall_back;
  };
  EngineThread(WorkerContext& context, Parts parts);
  ~EngineThread();
  void start();
  /// After the context was told to stop.
  void join();
  size_t open_count() const { return open_count_; }

 private:
  using Chosen = std::vector<PictureTask>;

  void run();
  void read_inbox();
  void end_overdue();
  bool request_models();
  void fail_model(const ModelVariant& variant, const Error& error);
  int64_t patience_us(bool models_wanted) const;

  bool act();
  OpenPicture* find(uint64_t entry);
  OpenPicture* to_finish(const Chosen& chosen);
  const PictureTask* to_open(const Chosen& chosen);
  bool hold_back(const Chosen& chosen);
  void keep_open_ones(Chosen& chosen);

  // opening.cpp
  void open_picture(const PictureTask& task);
  Result<OpenedDrawing> open_drawing(const PictureTask& task, Model& model, const std::string* state);
  const std::string* saved_state(const PictureTask& task);
  void not_opened(const PictureTask& task, const Error& error);
  void close(uint64_t entry);
  void close_all(const ActiveJob& job);
  void put_aside_others(const std::string& wanted_key);
  std::vector<SavedPicture> save_all();

  // stepping.cpp
  void step_batch(const Chosen& chosen);
  void gather(const Chosen& chosen);
  void after_step(OpenPicture& open, int64_t share_us);
  void tell_progress(OpenPicture& open);
  void batch_failed(const Error& error);
  Chosen open_ones() const;

  // drawn.cpp
  void mark_drawn(OpenPicture& open);
  void finish_picture(OpenPicture& open);

  WorkerContext& context_;
  Parts parts_;
  std::unordered_map<uint64_t, OpenPicture> open_;  ///< by entry
  std::vector<uint64_t> drawn_;                     ///< of them, still to be finished
  std::map<std::string, TimeUs>
      short_of_room_;  ///< models that wait for others to be dropped, and since when
  std::atomic<size_t> open_count_ = 0;
  bool short_of_memory_ = false;  ///< nothing more is opened until something is closed
  bool put_away_ = false;         ///< nothing is drawn any more

  // The batch being stepped; kept to allocate nothing in every step.
  std::vector<OpenPicture*> batch_;
  std::vector<Drawing*> drawings_;
  std::vector<ActiveJob*> jobs_;
  std::vector<uint64_t> entries_;
  std::vector<int> rows_;

  std::thread thread_;
};

}  // namespace limner::drawing
