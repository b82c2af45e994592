// The audit log: what is recorded, that nothing of it can be changed unseen, and what erasing leaves.

#include <fstream>
#include <set>

#include "audit/checkpoint.h"
#include "audit/log_key.h"
#include "audit/merkle_proof.h"
#include "audit/merkle_tree.h"
#include "ledger/sqlite/connection.h"
#include "ledger/sqlite/job_test.h"

namespace limner {
namespace {

const AuditParty kBoss{"key", "key_boss"};

class AuditLogTest : public JobTest {
 protected:
  AuditTable& audit() { return test->audit(); }
  std::vector<std::string> actions() {
    std::vector<std::string> all;
    const std::vector<AuditRecord> records = audit().read(0, 500).value();
    for (const AuditRecord& record : records)
      all.push_back(parse_json(record.leaf, "leaf").value()["action"].get<std::string>());
    return all;
  }
  // Ten leaves more, with a checkpoint in the middle and none at the end.
  void fill() {
    for (int i = 0; i < 10; ++i) {
      ASSERT_TRUE(audit().record({"test.event", kBoss, {"model", "m"}, {{"i", i}}, {{"secret", "s"}}}));
      if (i != 4) continue;
      ASSERT_FALSE(audit().checkpoint().value().empty());
    }
  }
  std::set<std::string> rules(const AuditWitness& witness = {}) {
    std::vector<Disagreement> found;
    const Result<AuditReport> report = verify_audit(test.config(), witness, found);
    EXPECT_TRUE(report);
    std::set<std::string> rules;
    for (const Disagreement& each : found) rules.insert(each.rule);
    return rules;
  }
  // As somebody with the file and an editor: no trigger holds them.
  void tamper(const std::string& sql) {
    sqlite::Connection db =
        sqlite::Connection::open(test.config().path, sqlite::Connection::Mode::write).value();
    std::vector<std::string> triggers =
        db.collect<std::string>(sqlite::text_column, "SELECT name FROM sqlite_schema WHERE type = 'trigger'")
            .value();
    for (const std::string& name : triggers) ASSERT_TRUE(db.execute(("DROP TRIGGER " + name).c_str()));
    ASSERT_TRUE(db.execute("PRAGMA foreign_keys = OFF"));
    const Result<void> done = db.execute(sql.c_str());
    ASSERT_TRUE(done) << done.error().text();
  }
  using Rules = std::set<std::string>;
};

TEST_F(AuditLogTest, RecordsChangesWithTheTransactionThatMakesThem) {
  EXPECT_EQ(actions(), (std::vector<std::string>{"tenant.create", "key.create"}));
  test.tenant.legal_hold = true;
  ASSERT_TRUE(test->tenants().update(test.tenant, kBoss));
  test.key.revoked = test.clock.now();
  ASSERT_TRUE(test->tenants().update_key(test.key, kBoss));
  const AuditEvent paused{"tier.pause", kBoss, {"tier", "batch"}};
  ASSERT_TRUE(test->settings().set("paused_tiers", {"batch"}, &paused));
  EXPECT_EQ(actions(), (std::vector<std::string>{"tenant.create", "key.create", "tenant.change", "key.revoke",
                                                 "tier.pause"}));
  const Json leaf = parse_json(audit().read(2, 1).value().at(0).leaf, "leaf").value();
  EXPECT_EQ(leaf["details"], (Json{{"legal_hold", {false, true}}}));
  EXPECT_EQ(leaf["time"], test.clock.now());
}

TEST_F(AuditLogTest, SaysWhatAKeyMayDoBeforeAndAfter) {
  ApiKey changed = test.key;
  changed.scopes = static_cast<Scopes>(Scope::draw) | static_cast<Scopes>(Scope::read);
  ASSERT_TRUE(test->tenants().update_key(changed, kBoss));
  changed.scopes = static_cast<Scopes>(Scope::read) | static_cast<Scopes>(Scope::review);
  ASSERT_TRUE(test->tenants().update_key(changed, kBoss));
  const Json leaf = parse_json(audit().read(3, 1).value().at(0).leaf, "leaf").value();
  EXPECT_EQ(leaf["details"]["scopes"].dump(), R"([["draw","read"],["read","review"]])");
}

TEST_F(AuditLogTest, RecordsDeletionsOnce) {
  const Job job = begin(accept());
  ASSERT_TRUE(end(job, JobState::stored));
  const std::string picture = test->pictures().of_job(job.id).value().at(0).id;
  ASSERT_TRUE(test->pictures().mark_deleted(picture, test.clock.now(), kBoss));
  ASSERT_TRUE(test->pictures().mark_deleted(picture, test.clock.now(), kBoss));
  const std::vector<AuditRecord> found = audit().list({.about = picture}).value();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_NE(found[0].leaf.find("picture.delete"), std::string::npos);
}

TEST_F(AuditLogTest, RecordsNothingOfWhatFailed) {
  const size_t before = actions().size();
  EXPECT_FALSE(test->tenants().create(test.tenant));
  EXPECT_FALSE(test->tenants().update_key({.id = "key_none"}));
  EXPECT_EQ(actions().size(), before);
  EXPECT_EQ(rules(), Rules{});
}

TEST_F(AuditLogTest, ChangesNothingThatCannotBeRecorded) {
  test.ledger.reset();
  std::ofstream(audit_key_path(test.config())) << "no key";
  test.open();
  test.tenant.disabled = true;
  EXPECT_EQ(test->tenants().update(test.tenant).error().code, Code::invalid);
  EXPECT_FALSE(test->tenants().find(test.tenant.id).value().disabled);
}

TEST_F(AuditLogTest, NamesNobodyInALeaf) {
  const std::vector<AuditRecord> records = audit().read(0, 500).value();
  for (const AuditRecord& record : records)
    for (const std::string& name : {test.tenant.id, test.tenant.name + "\"", test.key.id, test.key_text})
      EXPECT_EQ(record.leaf.find(name), std::string::npos) << record.leaf;
}

TEST_F(AuditLogTest, ListsByActionAndByWhoOrWhat) {
  fill();
  EXPECT_EQ(audit().list({.limit = 3}).value().size(), 3u);
  const std::vector<AuditRecord> page =
      audit().list({.action = "test.event", .before = 5, .limit = 500}).value();
  ASSERT_EQ(page.size(), 3u);
  EXPECT_EQ(page[0].seq, 4u);
  EXPECT_EQ(audit().list({.about = kBoss.id, .limit = 500}).value().size(), 10u);
  EXPECT_EQ(audit().list({.about = "m", .limit = 500}).value().size(), 10u);
  EXPECT_EQ(audit().list({.about = test.key.id}).value().size(), 1u);
}

TEST_F(AuditLogTest, RefusesToBeChanged) {
  fill();
  sqlite::Connection db =
      sqlite::Connection::open(test.config().path, sqlite::Connection::Mode::write).value();
  for (const char* sql :
       {"UPDATE audit_log SET leaf = '{}' WHERE seq = 3", "DELETE FROM audit_log WHERE seq = 3",
        "INSERT INTO audit_log (seq, leaf, seal) SELECT 99, leaf, seal FROM audit_log WHERE seq = 0",
        "INSERT OR REPLACE INTO audit_log (seq, leaf, seal) SELECT 3, leaf, seal FROM audit_log WHERE seq = "
        "0",
        "UPDATE audit_head SET size = 1", "DELETE FROM audit_head", "UPDATE audit_checkpoints SET note = ''",
        "DELETE FROM audit_checkpoints", "UPDATE audit_sealed SET value = 'x'", "DELETE FROM audit_keys",
        "UPDATE audit_keys SET public = 'x'",
        "INSERT INTO audit_checkpoints (size, time, note, frontier) VALUES (1, 0, '', '')"})
    EXPECT_FALSE(db.execute(sql)) << sql;
  EXPECT_EQ(rules(), Rules{});
}

TEST_F(AuditLogTest, AgreesWithItselfAndIsPartOfTheCheck) {
  fill();
  EXPECT_EQ(rules(), Rules{});
  expect_consistent();
  tamper("UPDATE audit_log SET leaf = json_set(leaf, '$.details.i', 7) WHERE seq = 5");
  std::set<std::string> found;
  const std::vector<Disagreement> all = check_ledger(test.config(), {}).value();
  for (const Disagreement& each : all) found.insert(each.rule);
  EXPECT_TRUE(found.count("audit_leaf_is_sealed"));
}

// Each change to a leaf that a checkpoint covers, and to one that none covers yet.
TEST_F(AuditLogTest, FindsAnEditedLeaf) {
  fill();
  tamper("UPDATE audit_log SET leaf = json_set(leaf, '$.details.i', 7) WHERE seq = 10");
  EXPECT_EQ(rules(), Rules{"audit_leaf_is_sealed"});
  tamper("UPDATE audit_log SET leaf = json_set(leaf, '$.details.i', 7) WHERE seq = 3");
  EXPECT_EQ(rules(), (Rules{"audit_leaf_is_sealed", "audit_checkpoint_has_the_trees_root"}));
}

TEST_F(AuditLogTest, FindsADeletedLeaf) {
  fill();
  tamper("DELETE FROM audit_log WHERE seq = 9");
  EXPECT_TRUE(rules().count("audit_leaves_have_no_gap"));
  EXPECT_TRUE(rules().count("audit_log_has_its_length"));
}

TEST_F(AuditLogTest, FindsTheLastLeafDeleted) {
  fill();
  tamper("DELETE FROM audit_sealed WHERE seq = 11; DELETE FROM audit_log WHERE seq = 11");
  EXPECT_EQ(rules(), Rules{"audit_log_has_its_length"});
  tamper("UPDATE audit_head SET size = 11");
  EXPECT_EQ(rules(), Rules{"audit_log_has_its_length"});
}

TEST_F(AuditLogTest, FindsAnInsertedLeaf) {
  fill();
  tamper(
      "INSERT INTO audit_log (seq, leaf, seal) SELECT 12, json_set(leaf, '$.seq', 12), seal FROM audit_log "
      "WHERE seq = 11");
  EXPECT_TRUE(rules().count("audit_leaf_is_sealed"));
  EXPECT_TRUE(rules().count("audit_log_has_its_length"));
}

TEST_F(AuditLogTest, FindsLeavesThatChangedPlaces) {
  fill();
  tamper(
      "UPDATE audit_log SET seq = 1000 WHERE seq = 9; UPDATE audit_log SET seq = 9 WHERE seq = 10;"
      " UPDATE audit_log SET seq = 10 WHERE seq = 1000");
  EXPECT_TRUE(rules().count("audit_leaf_has_its_number"));
  EXPECT_TRUE(rules().count("audit_leaf_is_sealed"));
}

TEST_F(AuditLogTest, FindsARewrittenCheckpoint) {
  fill();
  const NoteSigner other = NoteSigner::make("limner-audit/other");
  const std::string note = sign_checkpoint(7, leaf_hash("x"), other);
  tamper("UPDATE audit_checkpoints SET note = '" + note + "'");
  EXPECT_EQ(rules(), Rules{"audit_checkpoint_is_signed"});
}

TEST_F(AuditLogTest, FindsASealedValueThatWasChanged) {
  fill();
  tamper("UPDATE audit_sealed SET value = 'key_other' WHERE seq = 4 AND name = 'by'");
  EXPECT_EQ(rules(), Rules{"audit_sealed_value_is_the_leafs"});
}

TEST_F(AuditLogTest, SignsNothingThatWasChanged) {
  fill();
  tamper("UPDATE audit_log SET leaf = json_set(leaf, '$.details.i', 7) WHERE seq = 10");
  EXPECT_EQ(audit().checkpoint().error().code, Code::data_loss);
}

TEST_F(AuditLogTest, AddsNothingToALogThatWasCutOff) {
  fill();
  tamper(
      "DELETE FROM audit_sealed WHERE seq = 11; DELETE FROM audit_log WHERE seq = 11;"
      " UPDATE audit_head SET size = 11");
  EXPECT_EQ(audit().checkpoint().error().code, Code::data_loss);
  test.tenant.disabled = true;
  EXPECT_EQ(test->tenants().update(test.tenant).error().code, Code::data_loss);
  EXPECT_FALSE(test->tenants().find(test.tenant.id).value().disabled);
}

TEST_F(AuditLogTest, DoesNotBeginAnewOnceItWasEmptied) {
  fill();
  tamper(
      "DELETE FROM audit_sealed; DELETE FROM audit_log; DELETE FROM audit_checkpoints; DELETE FROM "
      "audit_keys;"
      " UPDATE audit_head SET size = 0, seal = ''");
  EXPECT_EQ(rules(), Rules{"audit_log_has_its_length"});
  test.tenant.disabled = true;
  EXPECT_EQ(test->tenants().update(test.tenant).error().code, Code::data_loss);
  EXPECT_EQ(rules(), Rules{"audit_log_has_its_length"});
}

TEST_F(AuditLogTest, SaysThatItsKeyIsMissing) {
  fill();
  std::filesystem::rename(audit_key_path(test.config()), test.folder.path() / "away");
  EXPECT_EQ(rules(), Rules{"audit_key_exists"});
}

TEST_F(AuditLogTest, GoesOnWithANewKeyAndShowsIt) {
  fill();
  ASSERT_TRUE(audit().checkpoint());
  const std::string first = read_log_key(audit_key_path(test.config())).value()->verifier().text();
  test.ledger.reset();
  std::filesystem::remove(audit_key_path(test.config()));
  test.open();
  ASSERT_TRUE(audit().record({"test.event", {}, {}}));
  ASSERT_TRUE(audit().checkpoint());
  EXPECT_EQ(actions()[12], "audit.key");
  EXPECT_EQ(rules(), Rules{});
  EXPECT_EQ(rules({.public_key = first}), Rules{"audit_key_is_known"});
}

TEST_F(AuditLogTest, ShowsLeavesThatANewKeyWasToCover) {
  fill();
  ASSERT_TRUE(test->flush());
  std::filesystem::copy_file(audit_key_path(test.config()), test.folder.path() / "kept");
  std::filesystem::remove(audit_key_path(test.config()));
  auto other = open_ledger(test.config(), test.clock).value();
  ASSERT_TRUE(other->audit().record({"test.event", {}, {}}));
  EXPECT_TRUE(rules().count("audit_key_change_is_covered"));
}

TEST_F(AuditLogTest, IsHeldAgainstWhatAWitnessSaw) {
  fill();
  const std::string seen = audit().checkpoint().value();
  const NoteSigner key = *read_log_key(audit_key_path(test.config())).value();
  EXPECT_EQ(rules({key.verifier().text(), {seen}}), Rules{});
  const std::string forged = sign_checkpoint(5, leaf_hash("another history"), key);
  EXPECT_EQ(rules({key.verifier().text(), {forged}}), Rules{"audit_log_is_what_the_witness_saw"});
  EXPECT_EQ(rules({"", {sign_checkpoint(5, leaf_hash("x"), NoteSigner::make("other"))}}),
            Rules{"audit_witness_is_signed"});
  const std::string longer = sign_checkpoint(50, leaf_hash("what was cut off"), key);
  EXPECT_EQ(rules({"", {longer}}), Rules{"audit_log_is_what_the_witness_saw"});
}

TEST_F(AuditLogTest, ProvesEachOfItsLeaves) {
  fill();
  for (uint64_t seq = 0; seq < 12; ++seq) {
    const AuditProof proof = audit().prove(seq).value();
    const NoteSigner key = *read_log_key(audit_key_path(test.config())).value();
    const Checkpoint checkpoint = open_checkpoint(proof.checkpoint, key.verifier(), "c").value();
    EXPECT_EQ(checkpoint.size, 12u);
    EXPECT_TRUE(
        proves_inclusion(leaf_hash(proof.record.leaf), seq, checkpoint.size, proof.path, checkpoint.root));
  }
  EXPECT_EQ(audit().prove(12).error().code, Code::not_found);
}

TEST_F(AuditLogTest, StaysValidWhenWhoItWasIsErased) {
  fill();
  EXPECT_EQ(audit().erase(kBoss.id, {}).value(), 10);
  EXPECT_EQ(rules(), Rules{});
  EXPECT_TRUE(audit().list({.about = kBoss.id}).value().empty());
  EXPECT_EQ(actions().back(), "audit.erase");
}

TEST_F(AuditLogTest, HasACheckpointWhenItsLedgerIsClosed) {
  fill();
  test.ledger.reset();
  std::vector<Disagreement> found;
  const AuditReport report = verify_audit(test.config(), {}, found).value();
  EXPECT_EQ(report.size, 12u);
  EXPECT_EQ(report.covered, 12u);
  EXPECT_TRUE(found.empty());
}

}  // namespace
}  // namespace limner
