#include "jobs/containment.h"

#include <gtest/gtest.h>

#include "base/ids.h"
#include "jobs/incident_report.h"
#include "ledger/forwarding_ledger.h"
#include "ledger/ledger_fixture.h"

namespace limner {
namespace {

class UnreadableUploads final : public UploadTable {
 public:
  explicit UnreadableUploads(UploadTable& inner) : inner_(inner) {}
  Result<void> create(const Upload& upload) override { return inner_.create(upload); }
  Result<Upload> find(std::string_view id) override { return inner_.find(id); }
  Result<std::string> digest(std::string_view id) override {
    if (readable) return inner_.digest(id);
    return Error{Code::unavailable, "ledger", "the disk does not answer", ""};
  }
  Result<std::vector<Upload>> list(std::string_view tenant, std::string_view purpose, int limit,
                                   std::string_view before) override {
    return inner_.list(tenant, purpose, limit, before);
  }
  Result<void> mark_deleted(std::string_view id, TimeUs now, const AuditParty& by) override {
    return inner_.mark_deleted(id, now, by);
  }
  Result<std::vector<Upload>> beyond_retention(TimeUs now, int limit) override {
    return inner_.beyond_retention(now, limit);
  }
  bool readable = true;

 private:
  UploadTable& inner_;
};

class LedgerOfUnreadableUploads final : public ForwardingLedger {
 public:
  explicit LedgerOfUnreadableUploads(Ledger& inner) : ForwardingLedger(inner), unreadable(inner.uploads()) {}
  UploadTable& uploads() override { return unreadable; }

  UnreadableUploads unreadable;
};

class ContainmentTest : public testing::Test {
 protected:
  Incident open(IncidentScope scope, std::string subject, bool withhold = false) {
    Incident incident;
    incident.id = new_id("inc");
    incident.scope = scope;
    incident.subject = std::move(subject);
    incident.reason = "a test";
    incident.withhold = withhold;
    incident.opened = ledger.clock.now();
    incident.expires = ledger.clock.now() + 60 * kSecondUs;
    incident.opened_by = {"key", "key_a"};
    EXPECT_TRUE(ledger->incidents().open(incident));
    EXPECT_TRUE(containment.refresh().value());
    return incident;
  }
  Job job(const Json& request = {{"prompt", "a red apple"}, {"loras", {"style:0.5"}}}) {
    Job made = ledger.job();
    made.request = job_request_to_json(job_request_from_json(request).value());
    made.prompt = request["prompt"].get<std::string>();
    return made;
  }
  Job with(const std::string& lora) { return job({{"prompt", "a"}, {"loras", {lora + ":0.5"}}}); }
  std::string upload(char digest) {
    Upload made;
    made.id = new_id("file");
    made.tenant = ledger.tenant.id;
    made.purpose = "lora";
    made.sha256 = std::string(64, digest);
    made.key = "uploads/" + made.id;
    made.created = ledger.clock.now();
    EXPECT_TRUE(ledger->uploads().create(made));
    return made.id;
  }
  TestLedger ledger;
  Containment containment{*ledger, ledger.clock};
};

TEST_F(ContainmentTest, StopsAWayOfDrawing) {
  open(IncidentScope::feature, "inpainting");
  EXPECT_TRUE(containment.check(job()));
  EXPECT_FALSE(containment.check(job({{"prompt", "a"}, {"init", new_id("file")}, {"mask", new_id("file")}})));
  EXPECT_FALSE(check_feature("drawing"));
  Job unreadable = job();
  unreadable.request = "?";
  EXPECT_FALSE(containment.check(unreadable)) << "what cannot be read might be that";
}

TEST_F(ContainmentTest, StopsNothingWithoutAnIncident) {
  EXPECT_FALSE(containment.refresh().value());
  EXPECT_FALSE(containment.any());
  EXPECT_TRUE(containment.check(job()));
}

TEST_F(ContainmentTest, StopsWhatItNamesAndNothingElse) {
  struct Case {
    IncidentScope scope;
    std::string hit, miss;
  };
  const Case cases[] = {{IncidentScope::model, "limner-tiny", "limner"},
                        {IncidentScope::lora, "style", "other"},
                        {IncidentScope::tenant, ledger.tenant.id, "ten_other"},
                        {IncidentScope::key, ledger.key.id, "key_other"},
                        {IncidentScope::prompt, "Red*apple", "green"}};
  for (const Case& each : cases) {
    ContainmentTest::open(each.scope, each.miss);
    EXPECT_TRUE(containment.check(job())) << each.miss;
  }
  for (const Case& each : cases) {
    TestLedger other;
    Incident incident;
    incident.scope = each.scope;
    incident.subject = each.hit;
    EXPECT_TRUE(stops(incident, facts_of(job()))) << each.hit;
  }
}

TEST_F(ContainmentTest, SaysWhichIncidentItIs) {
  const Incident incident = open(IncidentScope::model, "limner-tiny");
  const Error error = containment.check(job()).error();
  EXPECT_EQ(error.code, Code::forbidden);
  EXPECT_EQ(error.field, "incident");
  EXPECT_TRUE(error.message.starts_with(incident.id)) << error.message;
}

TEST_F(ContainmentTest, StopsEverythingForATime) {
  open(IncidentScope::everything, "");
  const Error error = containment.check(job()).error();
  EXPECT_EQ(error.code, Code::unavailable);
  EXPECT_EQ(error.hint, "retry after 60 s");
  ledger.clock.advance(60 * kSecondUs);
  EXPECT_TRUE(containment.check(job()));
}

TEST_F(ContainmentTest, SeesOtherPromptsAndModelsOfAJob) {
  Incident incident;
  incident.scope = IncidentScope::prompt;
  incident.subject = "tree";
  EXPECT_TRUE(stops(incident, facts_of(job({{"prompt", "a"}, {"blend_prompt", "a tree"}, {"frames", 3}}))));
  incident.scope = IncidentScope::model;
  incident.subject = "fallback";
  Job drawn = job();
  drawn.drawn_by = "fallback@0123456789ab";
  EXPECT_TRUE(stops(incident, facts_of(drawn)));
}

TEST_F(ContainmentTest, StopsUnderAnAlias) {
  Incident incident;
  incident.scope = IncidentScope::model;
  incident.subject = "quick";
  EXPECT_TRUE(stops(incident, facts_of(job({{"prompt", "a"}, {"model", "quick"}}))));
  EXPECT_FALSE(stops(incident, facts_of(job())));
  ModelEntry entry;
  entry.name = "limner-tiny";
  entry.aliases = {"quick"};
  entry.path = "/nowhere";
  const Catalogue catalogue(CatalogueConfig{{entry}, "limner-tiny", {}});
  Containment knowing(*ledger, ledger.clock, &catalogue);
  const Incident opened = open(IncidentScope::model, "quick");
  EXPECT_TRUE(containment.check(job()));
  EXPECT_TRUE(knowing.refresh().value());
  EXPECT_TRUE(knowing.check(job()).error().message.starts_with(opened.id));
}

TEST_F(ContainmentTest, SecondPassesAreUpscalingToo) {
  const Job latent = job({{"prompt", "a"}, {"hires_scale", 2}, {"hires_upscaler", "latent_nearest"}});
  const Job unused = job({{"prompt", "a"}, {"hires_upscaler", "double"}});
  const Job network = job({{"prompt", "a"}, {"hires_scale", 2}, {"hires_upscaler", "double"}});
  const Job after = job({{"prompt", "a"}, {"upscaler", "double"}});
  Incident incident;
  incident.scope = IncidentScope::feature;
  incident.subject = "upscaling";
  for (const IncidentScope scope : {IncidentScope::feature, IncidentScope::model}) {
    incident.scope = scope;
    if (scope == IncidentScope::model) incident.subject = "double";
    EXPECT_TRUE(stops(incident, facts_of(network)));
    EXPECT_TRUE(stops(incident, facts_of(after)));
    EXPECT_FALSE(stops(incident, facts_of(latent)));
    EXPECT_FALSE(stops(incident, facts_of(unused)));
  }
}

TEST_F(ContainmentTest, AnUploadedLoraIsKnownByItsBytes) {
  const std::string stopped = upload('a'), again = upload('a'), other = upload('b');
  const Incident incident = open(IncidentScope::lora, stopped);
  // Its owner may delete it and bring it again.
  ASSERT_TRUE(ledger->uploads().mark_deleted(stopped, ledger.clock.now()));
  EXPECT_FALSE(containment.refresh().value());
  EXPECT_FALSE(containment.check(with(stopped)));
  EXPECT_TRUE(containment.check(with(again)).error().message.starts_with(incident.id));
  EXPECT_TRUE(containment.check(with(other)));
  ASSERT_TRUE(ledger->jobs().accept(with(again), std::nullopt));
  int about = 0;
  ASSERT_TRUE(for_jobs_of(*ledger, incident, 0, ledger.clock.now() + 1, [&](const Job&) -> Result<void> {
    ++about;
    return {};
  }));
  EXPECT_EQ(about, 1);
}

TEST_F(ContainmentTest, ALoraWhoseBytesCannotBeToldIsStopped) {
  const std::string stopped = upload('a'), other = upload('b');
  open(IncidentScope::lora, stopped);
  LedgerOfUnreadableUploads faulty(*ledger);
  Containment guarded{faulty, ledger.clock};
  ASSERT_TRUE(guarded.refresh());
  EXPECT_TRUE(guarded.check(with(other)));
  // The drawing's are not known.
  faulty.unreadable.readable = false;
  EXPECT_FALSE(guarded.check(with(other)));
  EXPECT_TRUE(guarded.check(job()));
  // Nor the incident's.
  ASSERT_TRUE(guarded.refresh());
  faulty.unreadable.readable = true;
  EXPECT_FALSE(guarded.check(with(other)));
  EXPECT_TRUE(guarded.check(job()));
  ASSERT_TRUE(guarded.refresh());
  EXPECT_TRUE(guarded.check(with(other)));
}

TEST_F(ContainmentTest, WithholdsPicturesOnlyIfItSaysSo) {
  const Job kept = ledger->jobs().accept(job(), std::nullopt).value().job;
  const PictureRow picture = test_picture(kept, 0);
  PictureRow row = picture;
  row.job = kept.id;
  open(IncidentScope::model, "limner-tiny");
  EXPECT_TRUE(containment.check_picture(row));
  const Incident withholding = open(IncidentScope::model, "limner-tiny", true);
  EXPECT_TRUE(containment.check_picture(row).error().message.starts_with(withholding.id));
  row.job = "job_none";
  EXPECT_FALSE(containment.check_picture(row));
}

TEST_F(ContainmentTest, HoldsNoMoreOnceTwoLiftedIt) {
  const Incident incident = open(IncidentScope::model, "limner-tiny");
  ASSERT_TRUE(ledger->incidents().lift(incident.id, {"person", "ann"}, ledger.clock.now()));
  EXPECT_FALSE(containment.refresh().value());
  EXPECT_FALSE(containment.check(job()));
  ASSERT_TRUE(ledger->incidents().lift(incident.id, {"person", "bob"}, ledger.clock.now()));
  EXPECT_FALSE(containment.refresh().value());
  EXPECT_TRUE(containment.check(job()));
}

}  // namespace
}  // namespace limner
