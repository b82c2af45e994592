#include "jobs/housekeeper.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <iterator>
#include <set>

#include "jobs/job_test_data.h"
#include "jobs/memory_store_fixture.h"
#include "jobs/orphan_sweep.h"
#include "jobs/picture_keys.h"
#include "ledger/ledger_fixture.h"
#include "net/http_server_fixture.h"

namespace limner {
namespace {

constexpr TimeUs kHourUs = 3600 * kSecondUs;

bool never() { return false; }

class HousekeeperTest : public testing::Test {
 protected:
  Housekeeper keeper(HousekeeperConfig config = {}) {
    return Housekeeper(config, *ledger, store, http, ledger.clock, log, metrics);
  }

  Job begun() {
    const Job job = ledger->jobs().accept(ledger.job(), std::nullopt).value().job;
    return ledger->jobs().begin(job.id, kTestOwner, ledger.clock.now() + kDayUs, ledger.clock.now()).value();
  }
  // A job with one picture that lies in the store.
  PictureRow stored() {
    const Job job = begun();
    PictureRow picture;
    picture.id = new_id("pic");
    picture.sha256 = std::string(64, 'a');
    picture.bytes = 1;
    picture.format = "png";
    picture.width = picture.height = 8;
    picture.key = picture_key(job.tenant, picture.id, "png");
    picture.created = ledger.clock.now();
    store.put_at(picture.key, "x", ledger.clock.now());
    JobEnd end{.job = job.id,
               .owner = kTestOwner,
               .state = JobState::stored,
               .pictures = {picture},
               .now = ledger.clock.now()};
    EXPECT_TRUE(ledger->jobs().end(end));
    return picture;
  }
  Upload uploaded(TimeUs expires = 0) {
    Upload upload;
    upload.id = new_id("file");
    upload.tenant = ledger.tenant.id;
    upload.purpose = "picture";
    upload.key = upload_key(upload.tenant, upload.id);
    upload.created = ledger.clock.now();
    upload.expires = expires;
    store.put_at(upload.key, "x", ledger.clock.now());
    EXPECT_TRUE(ledger->uploads().create(upload));
    return upload;
  }
  void change_tenant(std::optional<int> retention_days, bool legal_hold) {
    Tenant tenant = ledger.tenant;
    tenant.retention_days = retention_days;
    tenant.legal_hold = legal_hold;
    ASSERT_TRUE(ledger->tenants().update(tenant));
  }
  double count(const char* name, const char* label, const char* value) {
    return metrics.counter(name, "", {label}).with({value}).value();
  }

  TestLedger ledger;
  MemoryStore store{ledger.clock};
  HttpClient http;
  Log log{-1, LogLevel::error, false, ledger.clock};
  Metrics metrics;
};

// --- retention

TEST_F(HousekeeperTest, WhatIsBeyondRetentionGoesRowAndObject) {
  change_tenant(7, false);
  const PictureRow old = stored();
  const Upload old_upload = uploaded();
  ledger.clock.advance(6 * kDayUs);
  const PictureRow young = stored();
  Housekeeper housekeeper = keeper();
  EXPECT_EQ(housekeeper.apply_retention(), 0);
  ledger.clock.advance(2 * kDayUs);
  EXPECT_EQ(housekeeper.apply_retention(), 2);
  EXPECT_FALSE(store.has(old.key));
  EXPECT_FALSE(store.has(old_upload.key));
  EXPECT_TRUE(store.has(young.key));
  EXPECT_NE(ledger->pictures().find(old.id).value().deleted, 0);
  EXPECT_EQ(housekeeper.apply_retention(), 0);
  EXPECT_EQ(count("limner_objects_removed_total", "reason", "retention"), 2);
}

TEST_F(HousekeeperTest, UploadsGoWhenTheyExpire) {
  const Upload upload = uploaded(ledger.clock.now() + kSecondUs);
  Housekeeper housekeeper = keeper();
  EXPECT_EQ(housekeeper.apply_retention(), 0);
  ledger.clock.advance(2 * kSecondUs);
  EXPECT_EQ(housekeeper.apply_retention(), 1);
  EXPECT_FALSE(store.has(upload.key));
}

TEST_F(HousekeeperTest, UnderALegalHoldEverythingStays) {
  change_tenant(1, true);
  const PictureRow picture = stored();
  const Upload upload = uploaded(ledger.clock.now() + kSecondUs);
  store.put_at(picture_key(ledger.tenant.id, "pic_dead", "png"), "x", ledger.clock.now());
  ledger.clock.advance(30 * kDayUs);
  Housekeeper housekeeper = keeper();
  EXPECT_EQ(housekeeper.apply_retention(), 0);
  EXPECT_EQ(housekeeper.sweep_orphans(), 0);
  EXPECT_TRUE(store.has(picture.key));
  EXPECT_TRUE(store.has(upload.key));
}

TEST_F(HousekeeperTest, AnObjectThatCannotBeRemovedIsSweptLater) {
  change_tenant(1, false);
  const PictureRow picture = stored();
  ledger.clock.advance(2 * kDayUs);
  Housekeeper housekeeper = keeper();
  store.fails = true;
  EXPECT_EQ(housekeeper.apply_retention(), 1);
  EXPECT_TRUE(store.has(picture.key));
  EXPECT_EQ(housekeeper.sweep_orphans(), 0);
  EXPECT_EQ(count("limner_housekeeping_errors_total", "duty", "orphans"), 1);
  store.fails = false;
  EXPECT_EQ(housekeeper.sweep_orphans(), 1);
  EXPECT_FALSE(store.has(picture.key));
}

// --- orphans

TEST_F(HousekeeperTest, OrphansGoAndWhatRowsPointToStays) {
  const PictureRow picture = stored();
  const Upload upload = uploaded();
  const Job job = begun();
  const KeptStage kept{"latents", 0, stage_key(job.id, 0, "latents"), 1};
  store.put_at(kept.key, "x", ledger.clock.now());
  ASSERT_TRUE(ledger->jobs().advance(job.id, kTestOwner, JobState::drawing, {{kept}}, 0));
  const std::string dead[] = {picture_key("ten_other", "pic_dead", "png"),
                              upload_key(ledger.tenant.id, "file_dead"), stage_key("job_dead", 0, "latents")};
  for (const std::string& key : dead) store.put_at(key, "x", ledger.clock.now());
  store.put_at("backups/ledger", "x", ledger.clock.now());
  ledger.clock.advance(2 * kHourUs);

  std::vector<std::string> found = OrphanSweep(*ledger, store, ledger.clock.now(), kHourUs).find().value();
  EXPECT_EQ(std::set(found.begin(), found.end()), std::set(std::begin(dead), std::end(dead)));
  for (const std::string& key : dead) EXPECT_TRUE(store.has(key)) << key;
  EXPECT_EQ(keeper().sweep_orphans(), 3);
  for (const std::string& key : dead) EXPECT_FALSE(store.has(key)) << key;
  for (const std::string& key : {picture.key, upload.key, kept.key, std::string("backups/ledger")})
    EXPECT_TRUE(store.has(key)) << key;
  EXPECT_EQ(count("limner_objects_removed_total", "reason", "orphan"), 3);
}

TEST_F(HousekeeperTest, YoungObjectsMayGetTheirRowYet) {
  const std::string key = upload_key(ledger.tenant.id, "file_new");
  store.put_at(key, "x", ledger.clock.now());
  Housekeeper housekeeper = keeper();
  ledger.clock.advance(kHourUs - kSecondUs);
  EXPECT_EQ(housekeeper.sweep_orphans(), 0);
  ledger.clock.advance(2 * kSecondUs);
  EXPECT_EQ(housekeeper.sweep_orphans(), 1);
}

// A job of a thousand frames puts pictures into the store for hours before their rows are written.
TEST_F(HousekeeperTest, PicturesOfAJobInWorkStayHoweverOldTheyAre) {
  const std::string before = picture_key(ledger.tenant.id, "pic_before", "png");
  store.put_at(before, "x", ledger.clock.now());
  ledger.clock.advance(5 * kHourUs);
  const Job job = begun();
  const std::string during = picture_key(ledger.tenant.id, "pic_during", "png");
  const std::string others = picture_key("ten_other", "pic_during", "png");
  for (const std::string& key : {during, others}) store.put_at(key, "x", ledger.clock.now() + kSecondUs);
  ledger.clock.advance(5 * kHourUs);
  Housekeeper housekeeper = keeper();
  EXPECT_EQ(housekeeper.sweep_orphans(), 2);
  EXPECT_FALSE(store.has(before));
  EXPECT_FALSE(store.has(others));
  EXPECT_TRUE(store.has(during));
  ASSERT_TRUE(ledger->jobs().end({.job = job.id, .owner = kTestOwner, .now = ledger.clock.now()}));
  EXPECT_EQ(housekeeper.sweep_orphans(), 1);
  EXPECT_FALSE(store.has(during));
}

TEST_F(HousekeeperTest, ManyOrphansAmongManyObjects) {
  std::vector<std::string> live;
  for (int i = 0; i < 1200; ++i)
    store.put_at(upload_key(ledger.tenant.id, "file_" + std::to_string(i)), "x", ledger.clock.now());
  for (int i = 0; i < 20; ++i) live.push_back(uploaded().key);
  ledger.clock.advance(2 * kHourUs);
  EXPECT_EQ(keeper().sweep_orphans(), 1200);
  for (const std::string& key : live) EXPECT_TRUE(store.has(key));
}

// --- kept stages

TEST_F(HousekeeperTest, KeptStagesOfAFailedJobStayForARetryAndThenGo) {
  const Job job = begun();
  const KeptStage kept{"latents", 0, stage_key(job.id, 0, "latents"), 1};
  store.put_at(kept.key, "x", ledger.clock.now());
  ASSERT_TRUE(ledger->jobs().advance(job.id, kTestOwner, JobState::drawing, {{kept}}, 0));
  Housekeeper housekeeper = keeper();
  ledger.clock.advance(2 * kDayUs);
  EXPECT_EQ(housekeeper.drop_kept_stages(), 0);
  ASSERT_TRUE(ledger->jobs().end({.job = job.id, .owner = kTestOwner, .now = ledger.clock.now()}));
  EXPECT_EQ(housekeeper.drop_kept_stages(), 0);
  ledger.clock.advance(kDayUs + kSecondUs);
  store.fails = true;
  EXPECT_EQ(housekeeper.drop_kept_stages(), 0);
  EXPECT_EQ(ledger->jobs().find(job.id).value().kept.size(), 1u);
  store.fails = false;
  EXPECT_EQ(housekeeper.drop_kept_stages(), 1);
  EXPECT_FALSE(store.has(kept.key));
  EXPECT_TRUE(ledger->jobs().find(job.id).value().kept.empty());
}

// --- when

TEST_F(HousekeeperTest, SweepsOnlySoOften) {
  Housekeeper housekeeper = keeper({.sweep_seconds = 300});
  const auto orphan = [&] {
    store.put_at(upload_key(ledger.tenant.id, "file_dead"), "x", ledger.clock.now() - kDayUs);
    return upload_key(ledger.tenant.id, "file_dead");
  };
  const std::string key = orphan();
  housekeeper.run_due(never);
  EXPECT_FALSE(store.has(key));
  orphan();
  ledger.clock.advance(299 * kSecondUs);
  housekeeper.run_due(never);
  EXPECT_TRUE(store.has(key));
  ledger.clock.advance(kSecondUs);
  housekeeper.run_due([] { return true; });
  EXPECT_TRUE(store.has(key));
  housekeeper.run_due(never);
  EXPECT_FALSE(store.has(key));
}

// --- webhooks

class WebhookTest : public HousekeeperTest {
 protected:
  WebhookTest() {
    const HousekeeperConfig config{.webhooks_allow_private = true, .webhook_timeout_seconds = 10};
    housekeeper = std::make_unique<Housekeeper>(config, *ledger, store, http, ledger.clock, log, metrics);
  }
  // A job that ended and whose webhook is due at once.
  Job ended(const std::string& url, const std::string& body = R"({"type":"job.failed"})") {
    Job job = ledger.job();
    job.webhook_url = url;
    EXPECT_TRUE(ledger->jobs().accept(job, std::nullopt));
    JobEnd end{.job = job.id, .state = JobState::cancelled, .now = ledger.clock.now(), .webhook_body = body};
    EXPECT_TRUE(ledger->jobs().end(end));
    return job;
  }
  std::vector<Delivery> due_ever() {
    return ledger->deliveries().due(ledger.clock.now() + 1000 * kDayUs, 100).value();
  }
  std::vector<ReceivedRequest> received() {
    const std::lock_guard lock(mutex);
    return requests;
  }

  std::mutex mutex;
  std::vector<ReceivedRequest> requests;
  std::atomic<int> status = 204;
  std::string more_headers;
  HttpServerFixture server{[this](const ReceivedRequest& request, HttpServerFixture::Connection& connection) {
    {
      const std::lock_guard lock(mutex);
      requests.push_back(request);
    }
    connection.write(http_answer(status, "", more_headers));
  }};
  std::unique_ptr<Housekeeper> housekeeper;
};

TEST_F(WebhookTest, IsSentOnceAndSigned) {
  ended(server.url("/hook?x=1").text(), R"({"type":"job.cancelled"})");
  EXPECT_EQ(housekeeper->deliver_webhooks(), 1);
  EXPECT_EQ(housekeeper->deliver_webhooks(), 0);
  ASSERT_EQ(received().size(), 1u);
  const ReceivedRequest request = received()[0];
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/hook?x=1");
  EXPECT_EQ(request.body, R"({"type":"job.cancelled"})");
  EXPECT_EQ(request.header("content-type"), "application/json");
  EXPECT_EQ(request.header("webhook-timestamp"), std::to_string(ledger.clock.now() / kSecondUs));
  EXPECT_TRUE(request.header("webhook-id").starts_with("msg_"));
  EXPECT_EQ(request.header("webhook-signature"),
            webhook_signature(ledger.tenant.webhook_secret, request.header("webhook-id"), ledger.clock.now(),
                              request.body));
  EXPECT_EQ(count("limner_webhook_attempts_total", "result", "delivered"), 1);
}

TEST_F(WebhookTest, IsTriedAgainByTheTableUntilItIsGivenUp) {
  status = 500;
  ended(server.url().text());
  int tried = 0;
  for (; !due_ever().empty(); ++tried) {
    ASSERT_LT(tried, 20);
    const TimeUs next = due_ever()[0].next_attempt;
    if (tried > 0) {
      EXPECT_EQ(next - ledger.clock.now(), static_cast<TimeUs>(*webhook_retry_seconds(tried) * kSecondUs));
      EXPECT_EQ(housekeeper->deliver_webhooks(), 0);
    }
    ledger.clock.advance(next - ledger.clock.now());
    EXPECT_EQ(housekeeper->deliver_webhooks(), 1);
  }
  EXPECT_EQ(tried, 10);
  for (const ReceivedRequest& request : received())
    EXPECT_EQ(request.header("webhook-id"), received()[0].header("webhook-id"));
  EXPECT_NE(received()[9].header("webhook-timestamp"), received()[0].header("webhook-timestamp"));
  EXPECT_EQ(count("limner_webhook_attempts_total", "result", "failed"), 9);
  EXPECT_EQ(count("limner_webhook_attempts_total", "result", "given_up"), 1);
}

TEST_F(WebhookTest, GoneMeansNoMore) {
  status = 410;
  ended(server.url().text());
  EXPECT_EQ(housekeeper->deliver_webhooks(), 1);
  EXPECT_TRUE(due_ever().empty());
}

TEST_F(WebhookTest, RedirectsAreNotFollowed) {
  status = 307;
  more_headers = "Location: " + server.url("/elsewhere").text() + "\r\n";
  ended(server.url("/hook").text());
  EXPECT_EQ(housekeeper->deliver_webhooks(), 1);
  EXPECT_EQ(received().size(), 1u);
  ASSERT_EQ(due_ever().size(), 1u);
  EXPECT_NE(due_ever()[0].last_error.find("redirect"), std::string::npos);
}

TEST_F(WebhookTest, PrivateAddressesAreNeverAsked) {
  Housekeeper strict = keeper();
  ended(server.url().text());
  ended(server.url("/", "localhost").text());
  EXPECT_EQ(strict.deliver_webhooks(), 2);
  EXPECT_EQ(server.connections(), 0);
  EXPECT_TRUE(due_ever().empty());
}

TEST_F(WebhookTest, AReceiverThatIsAwayIsTriedAgain) {
  int port = 0;
  {
    HttpServerFixture closed([](const ReceivedRequest&, HttpServerFixture::Connection&) {});
    port = closed.port();
  }
  ended("http://127.0.0.1:" + std::to_string(port) + "/");
  EXPECT_EQ(housekeeper->deliver_webhooks(), 1);
  EXPECT_EQ(due_ever().size(), 1u);
}

TEST_F(WebhookTest, ManyAreSentTogetherAndASilentReceiverKeepsNobodyWaiting) {
  std::atomic<int> silent = 0;
  HttpServerFixture tarpit([&](const ReceivedRequest&, HttpServerFixture::Connection& connection) {
    ++silent;
    connection.wait_for_end();
  });
  ended(tarpit.url().text());
  for (int i = 0; i < 100; ++i) ended(server.url().text());
  std::atomic<bool> stop = false;
  std::jthread round([&] { housekeeper->deliver_webhooks([&] { return stop.load(); }); });
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  const auto sent = [&] { return received().size() >= 63; };
  while (!sent() && std::chrono::steady_clock::now() < patience)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_TRUE(sent());
  EXPECT_EQ(silent, 1);
  stop = true;
  round.join();
  // What was interrupted is due as before.
  ASSERT_FALSE(due_ever().empty());
  EXPECT_EQ(due_ever()[0].attempts, 0);
}

TEST_F(WebhookTest, WithoutASecretNothingIsSent) {
  Tenant tenant = ledger.tenant;
  tenant.webhook_secret.clear();
  ASSERT_TRUE(ledger->tenants().update(tenant));
  ended(server.url().text());
  EXPECT_EQ(housekeeper->deliver_webhooks(), 1);
  EXPECT_TRUE(received().empty());
}

}  // namespace
}  // namespace limner
