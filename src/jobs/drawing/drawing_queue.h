#pragma once
// What waits to be drawn and what is being drawn: the scheduler, shared by the engine's thread with those who
// submit, ask and pause.

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "jobs/drawing/active_job.h"
#include "registry/model_pool.h"
#include "schedule/scheduler.h"

namespace limner::drawing {

/// A picture to be drawn.
struct PictureTask {
  uint64_t entry = 0;
  ActiveJobRef job;
  int picture = 0;
};

/// Thread-safe. No call waits for anything but the others.
class DrawingQueue {
 public:
  DrawingQueue(const SchedulerConfig& config, CostProfile profile, ModelPool& pool);

  /// All pictures of a job that was planned for the engine.
  void add(const ActiveJobRef& job);
  void remove(const ActiveJob& job);
  void remove_picture(const PictureTask& task);

  /// Takes a picture that is not open out of the choice, until release_held().
  void hold(const PictureTask& task);
  void release_held();

  /// What to do now, the most urgent first.
  struct Choice {
    std::vector<PictureTask> step;
    int preempted = 0;
  };
  Choice choose(TimeUs now);
  /// Steps and rows as the engine found them.
  void opened(const PictureTask& task, int steps_left, int rows);
  void correct(const PictureTask& task, int steps_left, int rows);
  /// `whole`: the step is worth learning from, as one of the whole network.
  void stepped(const std::vector<uint64_t>& entries, const StepClass& step_class, int rows, double seconds,
               bool whole, TimeUs now);
  void measured_fixed(const StepClass& step_class, double seconds);
  void measured_load(const std::string& key, double seconds);

  /// Variants that somebody waits for and that are not loaded, the most urgent first.
  std::vector<ModelVariant> wanted(TimeUs now) const;
  void set_ready(const std::string& key, bool ready);
  void set_paused(TierNumber tier, bool paused);
  bool paused(TierNumber tier) const;

  Scheduler::Forecast forecast(const DrawingEntry& entry, TimeUs now) const;
  CostProfile profile() const;
  /// Predicted for `steps` more of a job and for `pictures` more, whole ones.
  double predict(const JobPlan& plan, int steps, int pictures) const;
  int rows_max() const { return rows_max_; }

 private:
  struct Use {
    ModelVariant variant;
    int jobs = 0;
  };
  struct Entries {
    uint64_t first = 0;  ///< picture i has first + i
    int count = 0;
    std::string key;  ///< of the variant they were added with
  };
  PictureTask task_of(uint64_t entry) const;
  void schedule(const ActiveJob& job, const JobPlan& plan, uint64_t first, int count);

  mutable std::mutex mutex_;
  CostProfile profile_;
  Scheduler scheduler_;
  const int rows_max_;
  ModelPool& pool_;
  uint64_t next_entry_ = 1;
  std::map<uint64_t, ActiveJobRef> jobs_;  ///< by first entry
  std::unordered_map<const ActiveJob*, Entries> entries_;
  std::map<std::string, Use> variants_;  ///< by key
  std::set<uint64_t> held_;
};

}  // namespace limner::drawing
