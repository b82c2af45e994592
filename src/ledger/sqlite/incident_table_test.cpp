// Incidents: opened for a time, lifted by two.

#include "base/ids.h"
#include "ledger/sqlite/job_test.h"

namespace limner {
namespace {

class IncidentTest : public JobTest {
 protected:
  Incident open(IncidentScope scope = IncidentScope::model, std::string subject = "m") {
    Incident incident;
    incident.id = new_id("inc");
    incident.scope = scope;
    incident.subject = std::move(subject);
    incident.reason = "weights leaked";
    incident.opened = test.clock.now();
    incident.expires = test.clock.now() + 60 * kSecondUs;
    incident.opened_by = {"key", "key_a"};
    EXPECT_TRUE(incidents().open(incident));
    return incident;
  }
  size_t holding() { return incidents().holding(test.clock.now()).value().size(); }
  IncidentTable& incidents() { return test->incidents(); }
};

TEST_F(IncidentTest, HoldsUntilItRunsOut) {
  const Incident incident = open();
  EXPECT_EQ(holding(), 1u);
  EXPECT_EQ(incidents().find(incident.id).value().reason, "weights leaked");
  test.clock.advance(60 * kSecondUs);
  EXPECT_EQ(holding(), 0u);
  EXPECT_EQ(incidents().lift(incident.id, {"key", "key_a"}, test.clock.now()).error().code, Code::conflict);
}

TEST_F(IncidentTest, IsLiftedByTwoAndNotByOneTwice) {
  const Incident incident = open();
  EXPECT_EQ(incidents().lift(incident.id, {"key", "key_a"}, test.clock.now()).value().lifted, 0);
  EXPECT_EQ(incidents().lift(incident.id, {"key", "key_a"}, test.clock.now()).error().code, Code::conflict);
  EXPECT_EQ(holding(), 1u);
  const Incident lifted = incidents().lift(incident.id, {"key", "key_b"}, test.clock.now()).value();
  EXPECT_EQ(lifted.lifted, test.clock.now());
  EXPECT_EQ(lifted.first_lift.id, "key_a");
  EXPECT_EQ(lifted.lifted_by.id, "key_b");
  EXPECT_EQ(holding(), 0u);
}

TEST_F(IncidentTest, IsInTheAuditLog) {
  const Incident incident = open(IncidentScope::prompt, "a *person*");
  ASSERT_TRUE(incidents().lift(incident.id, {"key", "key_a"}, test.clock.now()));
  ASSERT_TRUE(incidents().lift(incident.id, {"key", "key_b"}, test.clock.now()));
  const std::vector<AuditRecord> found = test->audit().list({.about = incident.id}).value();
  ASSERT_EQ(found.size(), 3u);
  for (const AuditRecord& record : found) EXPECT_EQ(record.leaf.find("person*"), std::string::npos);
  expect_consistent();
}

TEST_F(IncidentTest, KnowsWhichJobsEndedMeanwhile) {
  const Job job = begin(accept());
  test.clock.advance(10);
  const TimeUs from = test.clock.now();
  ASSERT_TRUE(end(job, JobState::stored));
  EXPECT_EQ(incidents().jobs_ended(from, from + 1, 10).value(), std::vector<std::string>{job.id});
  EXPECT_TRUE(incidents().jobs_ended(from + 1, from + 100, 10).value().empty());
}

TEST_F(IncidentTest, ScopesHaveNames) {
  for (int i = 0; i <= 5; ++i) {
    const auto scope = static_cast<IncidentScope>(i);
    EXPECT_EQ(incident_scope_from_name(incident_scope_name(scope)).value(), scope);
  }
  EXPECT_EQ(incident_scope_from_name("sky").error().code, Code::invalid);
}

}  // namespace
}  // namespace limner
