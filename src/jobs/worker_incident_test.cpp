// What an incident stops, while it is drawn and while it waits.

#include "base/ids.h"
#include "jobs/worker_fixture.h"

namespace limner {
namespace {

class WorkerInIncident : public WorkerFixture {
 protected:
  Incident open(IncidentScope scope, std::string subject, double seconds = 600) {
    Incident incident;
    incident.id = new_id("inc");
    incident.scope = scope;
    incident.subject = std::move(subject);
    incident.reason = "a test";
    incident.opened = clock.now();
    incident.expires = incident.opened + static_cast<TimeUs>(seconds * kSecondUs);
    incident.opened_by = {"key", "key_a"};
    EXPECT_TRUE(ledger->incidents().open(incident));
    return incident;
  }
  void expect_stopped(const Job& job, const Incident& incident) {
    const Job end = ended(job);
    EXPECT_EQ(end.state, JobState::refused);
    EXPECT_EQ(end.error.field, "incident");
    EXPECT_TRUE(end.error.message.starts_with(incident.id)) << end.error.message;
    EXPECT_TRUE(pictures_of(job).empty());
    EXPECT_EQ(usage_rows(job), 1);
  }
  static Json endless_request(const std::string& prompt) { return small_request(prompt, 900); }
};

TEST_F(WorkerInIncident, LetsGoOfADrawingWithinAStep) {
  std::atomic<int> steps = 0;
  make_worker();
  const Job job = submit(endless_request("a stopped way"));
  const EventHub::Subscription listening =
      events.subscribe(job.id, [&](const JobEvent& event) { steps += event.type == "step"; });
  ASSERT_TRUE(worker->start());
  ASSERT_TRUE(eventually([&] { return steps > 3; }));
  const Incident incident = open(IncidentScope::model, "limner-tiny");
  ASSERT_TRUE(worker->contain());
  const int then = steps;
  expect_stopped(job, incident);
  EXPECT_TRUE(eventually([&] { return worker->status().open == 0; }));
  EXPECT_LE(steps, then + 1);
}

TEST_F(WorkerInIncident, RefusesWhatWaitsAndWhatComes) {
  make_worker();
  worker->set_paused(static_cast<TierNumber>(Tier::standard), true);
  ASSERT_TRUE(worker->start());
  const Job waiting = submit(small_request("a stopped well"));
  const Job other = submit(small_request("a free well"));
  const Incident incident = open(IncidentScope::prompt, "stopped");
  EXPECT_EQ(worker->contain().value(), 1);
  expect_stopped(waiting, incident);
  expect_stopped(submit(small_request("another stopped well")), incident);
  worker->set_paused(static_cast<TierNumber>(Tier::standard), false);
  EXPECT_EQ(ended(other).state, JobState::stored);
}

TEST_F(WorkerInIncident, SeesByItselfWhatOthersOpened) {
  start_worker();
  const Job job = submit(endless_request("a way"));
  ASSERT_TRUE(eventually([&] { return worker->progress(job.id).step > 0; }));
  expect_stopped(job, open(IncidentScope::tenant, ledger.tenant.id));
}

TEST_F(WorkerInIncident, KnowsFromItsStartWhatHolds) {
  make_worker();
  const Incident incident = open(IncidentScope::everything, "");
  const Job job = submit(small_request("a way"));
  ASSERT_TRUE(worker->start());
  expect_stopped(job, incident);
}

TEST_F(WorkerInIncident, DoesNotFallBackToAStoppedModel) {
  ModelEntry broken;
  broken.name = "broken";
  broken.path = ledger.folder.path() / "no-model";
  broken.fallback = "limner-tiny";
  models.push_back(broken);
  const Incident incident = open(IncidentScope::model, "limner-tiny");
  start_worker();
  Json request = small_request("a way");
  request["model"] = "broken";
  expect_stopped(submit(request), incident);
}

TEST_F(WorkerInIncident, DrawsAgainWhenItIsOver) {
  start_worker();
  const Incident incident = open(IncidentScope::model, "limner-tiny");
  ASSERT_TRUE(worker->contain());
  expect_stopped(submit(small_request("a way")), incident);
  ASSERT_TRUE(ledger->incidents().lift(incident.id, {"person", "ann"}, clock.now()));
  ASSERT_TRUE(ledger->incidents().lift(incident.id, {"person", "bob"}, clock.now()));
  ASSERT_TRUE(worker->contain());
  EXPECT_EQ(ended(submit(small_request("a way"))).state, JobState::stored);
}

}  // namespace
}  // namespace limner
