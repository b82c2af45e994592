#include "jobs/housekeeper.h"

#include "jobs/orphan_sweep.h"

namespace limner {
namespace {

constexpr int kHousekeepingPage = 200;
constexpr double kRetentionSeconds = 60;

bool never() { return false; }

TimeUs microseconds(double seconds) { return static_cast<TimeUs>(seconds * kSecondUs); }

}  // namespace

Housekeeper::Housekeeper(const HousekeeperConfig& config, Ledger& ledger, Store& store, HttpClient& http,
                         const Clock& clock, Log& log, Metrics& metrics)
    : config_(config),
      ledger_(ledger),
      store_(store),
      clock_(clock),
      log_(log),
      removed_(metrics.counter("limner_objects_removed_total", "Objects deleted from the store, by reason.",
                               {"reason"})),
      errors_(metrics.counter("limner_housekeeping_errors_total",
                              "Duties that failed and will be tried again.", {"duty"})),
      webhooks_({config.webhooks_allow_private, config.webhook_timeout_seconds}, ledger, http, clock, log,
                metrics) {}

void Housekeeper::report(const char* duty, const Error& error) {
  errors_.with({duty}).add();
  log_.warning("housekeeping_failed", {{"duty", duty}, {"error", error.text()}});
}

int Housekeeper::deliver_webhooks() { return deliver_webhooks(never); }
int Housekeeper::apply_retention() { return apply_retention(never); }
int Housekeeper::sweep_orphans() { return sweep_orphans(never); }
int Housekeeper::drop_kept_stages() { return drop_kept_stages(never); }

void Housekeeper::run_due(const Stop& stop) {
  const TimeUs now = clock_.now();
  if (now - last_retention_ >= microseconds(kRetentionSeconds)) {
    last_retention_ = now;
    apply_retention(stop);
    drop_kept_stages(stop);
  }
  if (now - last_sweep_ >= microseconds(config_.sweep_seconds) && !stop()) {
    last_sweep_ = now;
    sweep_orphans(stop);
  }
}

int Housekeeper::deliver_webhooks(const Stop& stop) {
  const Result<int> tried = webhooks_.send_due(stop);
  if (!tried) report("webhooks", tried.error());
  return tried ? *tried : 0;
}

int Housekeeper::sweep_orphans(const Stop& stop) {
  OrphanSweep sweep(ledger_, store_, clock_.now(), microseconds(config_.orphan_seconds));
  const Result<OrphanSweep::Swept> swept = sweep.run(stop);
  if (!swept) {
    report("orphans", swept.error());
    return 0;
  }
  removed_.with({"orphan"}).add(swept->deleted);
  if (swept->deleted > 0)
    log_.info("orphans_deleted", {{"deleted", swept->deleted}, {"objects", swept->seen}});
  return swept->deleted;
}

void Housekeeper::remove_object(const std::string& key, const char* reason) {
  if (const Result<void> removed = store_.remove(key); removed)
    removed_.with({reason}).add();
  else
    report(reason, removed.error());
}

// Of the table of pictures, or of uploads. Another page only as long as every row of the last one could be
// marked: one that cannot - a legal hold came in between - would be asked for again and again.
template <class Table>
int Housekeeper::retire(Table& table, const Stop& stop) {
  int retired = 0;
  for (bool more = true; more && !stop();) {
    const auto page = table.beyond_retention(clock_.now(), kHousekeepingPage);
    if (!page) {
      report("retention", page.error());
      return retired;
    }
    more = page->size() == kHousekeepingPage;
    for (const auto& row : *page) {
      const Result<void> marked = table.mark_deleted(row.id, clock_.now());
      if (marked) {
        remove_object(row.key, "retention");
        ++retired;
        continue;
      }
      more = false;
      if (marked.error().code != Code::conflict) report("retention", marked.error());
    }
  }
  return retired;
}

int Housekeeper::apply_retention(const Stop& stop) {
  return retire(ledger_.pictures(), stop) + retire(ledger_.uploads(), stop);
}

int Housekeeper::drop_kept_stages(const Stop& stop) {
  int dropped = 0;
  for (bool more = true; more && !stop();) {
    const TimeUs before = clock_.now() - microseconds(config_.kept_stage_seconds);
    const Result<std::vector<Job>> page = ledger_.jobs().ended_with_kept(before, kHousekeepingPage);
    if (!page) {
      report("kept_stages", page.error());
      return dropped;
    }
    more = page->size() == kHousekeepingPage;
    for (const Job& job : *page) {
      const Result<void> done = drop_stages_of(job);
      if (done) {
        dropped += static_cast<int>(job.kept.size());
      } else {
        report("kept_stages", done.error());
        more = false;
      }
    }
  }
  return dropped;
}

// Objects first: a job whose stages are forgotten while they lie in the store would leave orphans, one whose
// stages are gone is drawn again from its beginning.
Result<void> Housekeeper::drop_stages_of(const Job& job) {
  for (const KeptStage& stage : job.kept) {
    TRY(store_.remove(stage.key));
    removed_.with({"kept_stage"}).add();
  }
  return ledger_.jobs().clear_kept(job.id);
}

}  // namespace limner
