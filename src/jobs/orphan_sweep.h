#pragma once
// Objects in the store that nothing points to: what a crash, or a store that did not answer, left behind.

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "ledger/ledger.h"
#include "store/store.h"

namespace limner {

/// One walk through the objects of ours (picture_keys.h); other keys are left alone.
///
/// Invariants: (1) an object that a live row points to stays. (2) An object stays that may get its row yet:
/// one younger than `orphan_us` when the walk begins, and a picture of a tenant with a job in work that is
/// not older than that job, for pictures of a job get their rows together at its end. (3) A ledger that does
/// not answer ends the walk.
class OrphanSweep {
 public:
  OrphanSweep(Ledger& ledger, Store& store, TimeUs now, TimeUs orphan_us)
      : ledger_(ledger), store_(store), now_(now), orphan_us_(orphan_us) {}
  /// How many were deleted, of how many were looked at.
  struct Swept {
    int deleted = 0, seen = 0;
  };
  Result<Swept> run(const std::function<bool()>& stop);
  /// The keys of those that run() would delete.
  Result<std::vector<std::string>> find();

 private:
  Result<void> find_holds();
  Result<void> find_jobs_in_work();
  Result<void> sweep(std::string_view prefix, const std::function<bool()>& stop);
  bool must_stay(const ObjectInfo& object) const;
  Result<void> walk(const std::function<bool()>& stop);
  Result<void> take_dead();

  Ledger& ledger_;
  Store& store_;
  TimeUs now_, orphan_us_;
  std::set<std::string, std::less<>> held_;  ///< tenants under a legal hold
  std::map<std::string, TimeUs, std::less<>>
      in_work_since_;             ///< by tenant: when its oldest job in work began
  std::vector<std::string> old_;  ///< keys to ask the ledger about
  Swept swept_;
  std::vector<std::string>* found_ = nullptr;  ///< null: the dead are deleted
};

}  // namespace limner
