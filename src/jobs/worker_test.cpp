// What a worker draws, and what it writes down about it.

#include "jobs/worker.h"

#include <algorithm>

#include "base/sha256.h"
#include "image/codec.h"
#include "jobs/job_view.h"
#include "jobs/worker_fixture.h"

namespace limner {
namespace {

class WorkerDraws : public WorkerFixture {};

TEST_F(WorkerDraws, WhatTheCommandLineDrawsToTheByte) {
  start_worker();
  const Json request = small_request("a red apple");
  const Job job = ended(submit(request));
  ASSERT_EQ(job.state, JobState::stored) << job.error.message;
  const std::string file = only_picture(job);
  EXPECT_EQ(file, drawn_alone(request));
  const PictureRow row = pictures_of(job)[0];
  EXPECT_EQ(row.sha256, sha256_hex(as_bytes(file)));
  EXPECT_EQ(row.bytes, file.size());
  EXPECT_EQ(row.width, 64);
  EXPECT_EQ(row.metadata["parameters"]["prompt"], "a red apple");
}

TEST_F(WorkerDraws, EveryPictureOfAJobWithItsOwnSeed) {
  start_worker();
  Json request = small_request("a blue cup");
  request["count"] = 3;
  const Job job = ended(submit(request));
  ASSERT_EQ(job.state, JobState::stored) << job.error.message;
  const std::vector<PictureRow> rows = pictures_of(job);
  ASSERT_EQ(rows.size(), 3u);
  int64_t cost = 0;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(rows[static_cast<size_t>(i)].position, i);
    EXPECT_EQ(rows[static_cast<size_t>(i)].seed, 7u + static_cast<uint64_t>(i));
    EXPECT_EQ(bytes_of(rows[static_cast<size_t>(i)]), drawn_alone(request, i));
    cost += rows[static_cast<size_t>(i)].cost_micros;
  }
  EXPECT_EQ(ledger->usage().of_job(job.id).value().cost_micros, cost);
}

TEST_F(WorkerDraws, TheSameBytesInABatchAsAlone) {
  make_worker();
  std::vector<std::pair<Json, Job>> jobs;
  for (const char* prompt : {"a tree", "a house", "a dog, a cat"})
    jobs.emplace_back(small_request(prompt, 6), submit(small_request(prompt, 6)));
  ASSERT_TRUE(worker->start());
  for (const auto& [request, job] : jobs) {
    ASSERT_EQ(ended(job).state, JobState::stored);
    EXPECT_EQ(only_picture(job), drawn_alone(request));
  }
}

TEST_F(WorkerDraws, OverAPictureThatWasUploaded) {
  start_worker();
  const std::string file = drawn_alone(small_request("a lamp"));
  const Upload upload = uploads->keep(ledger.tenant.id, "picture", "lamp.png", file, "image", 0).value();
  Json request = small_request("a lamp at night", 6);
  request["init"] = upload.id;
  request["strength"] = 0.5;
  const Job job = ended(submit(request));
  ASSERT_EQ(job.state, JobState::stored) << job.error.message;
  DrawingInputs inputs;
  inputs.init = decode_picture(as_bytes(file), "init").value();
  EXPECT_EQ(only_picture(job), drawn_alone(request, 0, inputs));
}

// A tenant with many jobs that draw over pictures does not keep another's waiting until they are done.
TEST_F(WorkerDraws, TenantsInTurnsAlsoOverPictures) {
  Tenant other;
  other.name = "other";
  other = ledger->tenants().create(other).value();
  const ApiKey key = make_key(other.id, "k", static_cast<Scopes>(Scope::draw), clock.now(), 0).key;
  ASSERT_TRUE(ledger->tenants().create_key(key));
  const std::string file = drawn_alone(small_request("a lamp", 1));
  const auto over = [&](const std::string& tenant) {
    Json request = small_request("a lamp at night", 1);
    request["init"] = uploads->keep(tenant, "picture", "lamp.png", file, "image", 0).value().id;
    return request;
  };
  make_worker();
  const Json many = over(ledger.tenant.id);
  std::vector<Job> first;
  for (int i = 0; i < 24; ++i) first.push_back(submit(many));
  const Job late = submit(over(other.id), [&](Job& job) {
    job.tenant = other.id;
    job.api_key = key.id;
  });
  ASSERT_TRUE(worker->start());
  const TimeUs begun = ended(late).started;
  int before = 0;
  for (const Job& job : first) before += ended(job).started < begun;
  EXPECT_LE(before, 8) << "of 24 that came earlier";
}

TEST_F(WorkerDraws, NothingForAnInputThatIsGone) {
  start_worker();
  Json request = small_request("a lamp");
  request["init"] = new_id("file");
  const Job job = ended(submit(request));
  EXPECT_EQ(job.state, JobState::failed);
  EXPECT_EQ(job.error.field, "init");
  EXPECT_EQ(job.error.kind, "request");
  EXPECT_EQ(usage_rows(job), 1);
}

TEST_F(WorkerDraws, NothingForParametersThatTheModelRefuses) {
  start_worker();
  Json request = small_request("a lamp");
  request["width"] = 65;
  const Job job = ended(submit(request));
  EXPECT_EQ(job.state, JobState::failed);
  EXPECT_EQ(job.error.kind, "request");
}

TEST_F(WorkerDraws, BooksTheEnginesTimeToJobsWhole) {
  start_worker();
  std::vector<Job> jobs;
  for (int i = 0; i < 4; ++i) jobs.push_back(submit(small_request("a boat", 5 + i)));
  const Job cancelled = submit(small_request("a long way", 900));
  ASSERT_TRUE(eventually([&] { return worker->progress(cancelled.id).step > 0; }));
  EXPECT_TRUE(worker->cancel(cancelled.id));
  jobs.push_back(cancelled);
  int64_t engine_us = 0;
  for (const Job& job : jobs) {
    const Job end = ended(job);
    engine_us += end.engine_us;
    EXPECT_EQ(ledger->usage().of_job(job.id).value().engine_us, end.engine_us);
  }
  EXPECT_GT(ledger->usage().of_job(cancelled.id).value().cost_micros, 0);
  const double busy = worker->status().busy_seconds;
  EXPECT_NEAR(static_cast<double>(engine_us) / kSecondUs, busy, busy / 100);
  EXPECT_NEAR(metric("limner_engine_busy_seconds_total", {}, {}), busy, 1e-6);
  EXPECT_NEAR(metric("limner_engine_seconds_total", {"tenant", "model"}, {ledger.tenant.id, "limner-tiny"}),
              busy, 1e-6);
}

TEST_F(WorkerDraws, LearnsHowLongModelsTakeToLoad) {
  start_worker();
  EXPECT_EQ(worker->profile().to_json(), CostProfile().to_json());
  ASSERT_EQ(ended(submit(small_request("a thing"))).state, JobState::stored);
  const double seconds = pool->load_seconds("limner-tiny");
  EXPECT_GT(seconds, 0);
  EXPECT_DOUBLE_EQ(worker->profile().load_seconds("limner-tiny"), seconds);
}

TEST_F(WorkerDraws, TellsListenersHowFarItIs) {
  make_worker();
  Json request = small_request("a bridge", 6);
  request["preview_every"] = 2;
  const Job job = submit(request);
  std::mutex mutex;
  std::vector<std::string> told;
  std::vector<std::byte> preview;
  const EventHub::Subscription listening = events.subscribe(job.id, [&](const JobEvent& event) {
    const std::lock_guard lock(mutex);
    told.push_back(event.type);
    if (event.picture) preview = *event.picture;
  });
  ASSERT_TRUE(worker->start());
  ASSERT_TRUE(eventually([&] {
    const std::lock_guard lock(mutex);
    return !told.empty() && told.back() == "finished";
  }));
  const std::lock_guard lock(mutex);
  EXPECT_EQ(std::count(told.begin(), told.end(), "started"), 1);
  EXPECT_EQ(std::count(told.begin(), told.end(), "step"), 6);
  EXPECT_EQ(std::count(told.begin(), told.end(), "finished"), 1);
  EXPECT_GE(std::count(told.begin(), told.end(), "preview"), 1);
  EXPECT_EQ(decode_picture(preview, "preview").value().width, 64);
}

// As if it had been read back.
TEST_F(WorkerDraws, TellsWhoWaitsAllThatTheLedgerKnows) {
  make_worker();
  Json request = small_request("a lighthouse");
  request["count"] = 2;
  const Job job = submit(request, [](Job& of_tags) { of_tags.tags = {"sea"}; });
  std::mutex mutex;
  std::shared_ptr<const JobView> told;
  const EventHub::Subscription waiting = events.subscribe(job.id, [&](const JobEvent& event) {
    const std::lock_guard lock(mutex);
    if (event.type == "finished") told = event.ended;
  });
  ASSERT_TRUE(worker->start());
  const Job found = ended(job);
  ASSERT_TRUE(eventually([&] {
    const std::lock_guard lock(mutex);
    return told != nullptr;
  }));
  EXPECT_EQ(told->job.state, JobState::stored);
  EXPECT_EQ(told->job.finished, found.finished);
  EXPECT_EQ(told->job.engine_us, found.engine_us);
  EXPECT_EQ(told->job.request, found.request);
  const UsageRow usage = ledger->usage().of_job(job.id).value();
  ASSERT_TRUE(told->usage);
  const auto facts = [](const UsageRow& row) {
    return Json{row.job,          row.tenant,     row.api_key,     row.model,     row.tier,
                row.state,        row.tags,       row.finished,    row.engine_us, row.pixels,
                row.bytes_stored, row.bytes_sent, row.cost_micros, row.pictures};
  };
  EXPECT_EQ(facts(*told->usage), facts(usage));
  const std::vector<PictureRow> rows = pictures_of(job);
  ASSERT_EQ(told->pictures.size(), 2u);
  ASSERT_EQ(told->files.size(), 2u);
  for (size_t i = 0; i < rows.size(); ++i) {
    const PictureRow& picture = told->pictures[i];
    EXPECT_EQ(picture.id, rows[i].id);
    EXPECT_EQ(picture.job, job.id);
    EXPECT_EQ(picture.tenant, job.tenant);
    EXPECT_EQ(picture.cost_micros, rows[i].cost_micros);
    EXPECT_EQ(picture.metadata, rows[i].metadata);
    const std::string stored = bytes_of(rows[i]);
    EXPECT_TRUE(std::ranges::equal(*told->files[i], as_bytes(stored)));
  }
}

// What it was charged before is in the ledger alone.
TEST_F(WorkerDraws, OfAJobThatWasPutBackItTellsOnlyTheEnd) {
  make_worker();
  const Job job = submit(small_request("a pier"), [](Job&) {});
  Job before = now(job);
  before.engine_us = 1;
  std::mutex mutex;
  bool finished = false, whole = false;
  const EventHub::Subscription waiting = events.subscribe(job.id, [&](const JobEvent& event) {
    const std::lock_guard lock(mutex);
    if (event.type != "finished") return;
    finished = true;
    whole = event.ended != nullptr;
  });
  make_worker();
  worker->submitted(before);
  ASSERT_TRUE(worker->start());
  ASSERT_TRUE(eventually([&] {
    const std::lock_guard lock(mutex);
    return finished;
  }));
  const std::lock_guard lock(mutex);
  EXPECT_FALSE(whole);
}

TEST_F(WorkerDraws, TracesWithoutThePrompt) {
  start_worker();
  const TraceContext trace = new_trace();
  const Job job = ended(submit(small_request("a secret garden"),
                               [&](Job& wanted) { wanted.traceparent = trace.traceparent(); }));
  ASSERT_EQ(job.state, JobState::stored);
  const auto has = [&](const char* name) {
    for (const SpanRecord& span : spans.spans())
      if (span.name == name && span.context.trace_id == trace.trace_id) return true;
    return false;
  };
  for (const char* name : {"job", "prepare", "draw", "finish", "keep"})
    EXPECT_TRUE(eventually([&] { return has(name); })) << name;
  for (const SpanRecord& span : spans.spans()) {
    if (span.name == "job") {
      EXPECT_EQ(span.parent_span_id, trace.span_id);
    }
    for (const auto& [key, value] : span.attributes)
      EXPECT_EQ(value.dump().find("secret garden"), std::string::npos) << key;
  }
}

TEST_F(WorkerDraws, WritesAWebhookForWhoWantsOne) {
  start_worker();
  const Job job = ended(
      submit(small_request("a hook"), [](Job& wanted) { wanted.webhook_url = "https://example.com/hook"; }));
  const std::vector<Delivery> due = ledger->deliveries().due(clock.now() + kDayUs, 10).value();
  ASSERT_EQ(due.size(), 1u);
  const Json body = parse_json(due[0].body, "body").value();
  EXPECT_EQ(body["type"], "job.stored");
  EXPECT_EQ(body["data"]["id"], job.id);
  EXPECT_EQ(body["data"]["pictures"].size(), 1u);
}

}  // namespace
}  // namespace limner
