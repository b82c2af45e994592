// Incidents: opened for a time, lifted by two.

#include "base/ids.h"
#include "ledger/sqlite/connection.h"
#include "ledger/sqlite/job_test.h"

namespace limner {
namespace {

class IncidentTest : public JobTest {
 protected:
  IncidentTest() {
    add_key("key_a");
    add_key("key_b");
    test.clock.advance(1);
  }
  ApiKey add_key(const std::string& id, Scope scope = Scope::admin) {
    ApiKey key = make_key(test.tenant.id, id, static_cast<Scopes>(scope), test.clock.now(), 0).key;
    key.id = id;
    EXPECT_TRUE(test->tenants().create_key(key));
    return key;
  }
  void rotate(const char* from, const char* to) {
    ApiKey fresh = make_key(test.tenant.id, to, static_cast<Scopes>(Scope::admin), test.clock.now(), 0).key;
    fresh.id = to;
    EXPECT_TRUE(test->tenants().rotate_key(from, fresh, test.clock.now() + 100 * kSecondUs));
  }
  Result<Incident> lift(const Incident& incident, const char* key) {
    return incidents().lift(incident.id, {"key", key}, test.clock.now());
  }
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

TEST_F(IncidentTest, IsNotLiftedByKeysOfAfterwards) {
  ApiKey drawing = add_key("key_drawing", Scope::draw);
  const Incident incident = open();
  test.clock.advance(1);
  add_key("key_new");
  rotate("key_b", "key_b2");
  drawing.scopes = static_cast<Scopes>(Scope::admin);
  ASSERT_TRUE(test->tenants().update_key(drawing));
  ASSERT_TRUE(lift(incident, "key_a"));
  for (const char* late : {"key_new", "key_b2", "key_drawing"}) {
    const Result<Incident> lifted = lift(incident, late);
    ASSERT_FALSE(lifted) << late;
    EXPECT_EQ(lifted.error().code, Code::forbidden);
    EXPECT_NE(lifted.error().message.find("after " + incident.id), std::string::npos);
  }
  EXPECT_FALSE(lift(incident, "key_none"));
  EXPECT_EQ(holding(), 1u);
  EXPECT_TRUE(lift(incident, "key_b").value().lifted);
}

TEST_F(IncidentTest, IsNotLiftedByAKeyAndItsSuccessor) {
  rotate("key_a", "key_a2");
  rotate("key_a2", "key_a3");
  test.clock.advance(1);
  const Incident incident = open();
  ASSERT_TRUE(lift(incident, "key_a2"));
  EXPECT_EQ(lift(incident, "key_a3").error().code, Code::conflict);
  EXPECT_EQ(lift(incident, "key_a").error().code, Code::conflict);
  EXPECT_TRUE(lift(incident, "key_b").value().lifted);
  const Incident other = open();
  ASSERT_TRUE(lift(other, "key_a3"));
  EXPECT_EQ(lift(other, "key_a").error().code, Code::conflict);
}

// A ledger of before knows from its audit log which key was rotated into which.
TEST_F(IncidentTest, OlderLedgersKnowTheirRotations) {
  rotate("key_a", "key_a2");
  test.ledger.reset();
  {
    sqlite::Connection db =
        sqlite::Connection::open(test.config().path, sqlite::Connection::Mode::create).value();
    ASSERT_TRUE(
        db.execute("ALTER TABLE api_keys DROP COLUMN rotated_from;"
                   " ALTER TABLE api_keys DROP COLUMN admin_since; PRAGMA user_version = 7"));
  }
  test.open();
  test.clock.advance(1);
  const Incident incident = open();
  ASSERT_TRUE(lift(incident, "key_a2"));
  EXPECT_EQ(lift(incident, "key_a").error().code, Code::conflict);
  EXPECT_TRUE(lift(incident, "key_b").value().lifted);
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
