#pragma once
// Where jobs come in: read, planned, and sent to whoever draws them.

#include "jobs/drawing/drawing_queue.h"
#include "jobs/drawing/ending.h"
#include "jobs/drawing/engine_inbox.h"
#include "jobs/drawing/worker_context.h"
#include "jobs/taken_job.h"

namespace limner::drawing {

class Enlarging;
class Intake;
class RemoteDrawing;

/// Thread-safe.
class Reception {
 public:
  Reception(WorkerContext& context, DrawingQueue& queue, EngineInbox& inbox, Ending& ending)
      : context_(context), queue_(queue), inbox_(inbox), ending_(ending) {}
  struct Rooms {
    Intake* intake = nullptr;
    Enlarging* enlarging = nullptr;
    RemoteDrawing* remote = nullptr;
  };
  /// Before the first job comes.
  void set_rooms(const Rooms& rooms) { rooms_ = rooms; }

  /// A durable, queued job. What cannot be drawn is ended.
  void receive(const Job& job);
  /// The same, with what its submitter knows of it.
  void receive(const Job& job, const TakenJob& taken);
  /// Ends the job if an incident stops it: true if so.
  bool end_stopped(const ActiveJobRef& job);
  /// Ends the job if a policy holds or refuses its prompt: true if so.
  bool end_by_policy(const ActiveJobRef& job);
  /// A planned job, to whoever draws it.
  void dispatch(const ActiveJobRef& job);
  /// Plans the job for its fallback and dispatches it again; false if it has none, or the fallback cannot
  /// draw it.
  bool fall_back(const ActiveJobRef& job);

 private:
  void begin(ActiveJob& job);
  Result<void> read(ActiveJob& job);
  bool admit(const ActiveJobRef& job);

  WorkerContext& context_;
  DrawingQueue& queue_;
  EngineInbox& inbox_;
  Ending& ending_;
  Rooms rooms_;
};

}  // namespace limner::drawing
