// Jobs that a provider draws, and pictures that an upscaler enlarges.

#include <cstdlib>
#include <fstream>

#include "base/crypto.h"
#include "image/codec.h"
#include "jobs/job_test_data.h"
#include "jobs/worker_fixture.h"
#include "net/http_server_fixture.h"

namespace limner {
namespace {

/// A model "cloud" whose endpoint answers with a picture of 32x32, or with an error.
class WorkerOfAProvider : public WorkerFixture {
 protected:
  using Connection = HttpServerFixture::Connection;

  WorkerOfAProvider()
      : server(
            [this](const ReceivedRequest& request, Connection& connection) { answer(request, connection); }) {
    ModelEntry cloud;
    cloud.name = "cloud";
    cloud.provider = ProviderConfig{};
    cloud.provider->url = server.url("/v1").text();
    cloud.provider->model = "gpt-image-1";
    cloud.provider->timeout_seconds = kPatienceSeconds;
    cloud.provider->retry_budget = 0;
    cloud.provider->price_picture_micros = 40'000;
    cloud.fallback = "limner-tiny";
    models.push_back(cloud);
    remote = std::make_unique<Provider>("cloud", *cloud.provider, http, clock, log_, metrics);
    provider = [this](const std::string& name) { return name == "cloud" ? remote.get() : nullptr; };
  }
  // The worker asks the provider until it is gone.
  ~WorkerOfAProvider() override { worker.reset(); }

  void answer(const ReceivedRequest& request, Connection& connection) {
    if (broken) {
      connection.write(http_answer(500, R"({"error":{"message":"no","type":"server_error","code":null}})"));
      return;
    }
    const Json body = parse_json(request.body, "body").value();
    const Picture grey{32, 32, 3, std::vector<uint8_t>(32 * 32 * 3, 128)};
    const std::vector<std::byte> file = encode_picture(grey, {}).value();
    const std::string text(reinterpret_cast<const char*>(file.data()), file.size());
    Json data = Json::array();
    for (int i = 0; i < body["n"].get<int>(); ++i)
      data.push_back({{"b64_json", to_base64(garbage ? "no picture" : text)}});
    connection.write(http_answer(200, Json{{"created", 1}, {"data", data}}.dump()));
  }

  static Json cloud_request() { return {{"prompt", "a cloud"}, {"model", "cloud"}, {"count", 2}}; }

  std::atomic<bool> broken = false, garbage = false;
  std::unique_ptr<Provider> remote;
  HttpServerFixture server;  // last: its threads use all of the above
};

TEST_F(WorkerOfAProvider, StoresWhatItSentAndBillsItsPrice) {
  start_worker();
  const Job job = ended(submit(cloud_request()));
  ASSERT_EQ(job.state, JobState::stored) << job.error.message;
  const std::vector<PictureRow> rows = pictures_of(job);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[1].width, 32);
  EXPECT_EQ(rows[1].metadata["model"]["name"], "cloud");
  const UsageRow usage = ledger->usage().of_job(job.id).value();
  EXPECT_EQ(usage.engine_us, 0);
  EXPECT_EQ(usage.cost_micros, 80'000);
  EXPECT_EQ(job.drawn_by, "");
}

TEST_F(WorkerOfAProvider, IsReplacedByItsFallbackWhenItIsDown) {
  broken = true;
  start_worker();
  Json request = small_request("a cloud");
  request["model"] = "cloud";
  const Job job = ended(submit(request));
  ASSERT_EQ(job.state, JobState::stored) << job.error.message;
  EXPECT_TRUE(job.drawn_by.starts_with("limner-tiny@")) << job.drawn_by;
  EXPECT_EQ(only_picture(job), drawn_alone(small_request("a cloud")));
  EXPECT_GT(job.engine_us, 0);
}

TEST_F(WorkerOfAProvider, IsNotTrustedToSendPictures) {
  models.back().fallback.clear();
  garbage = true;
  start_worker();
  const Job job = ended(submit(cloud_request()));
  EXPECT_EQ(job.state, JobState::failed);
  EXPECT_EQ(job.error.code, "unavailable");
  EXPECT_EQ(job.error.kind, "infrastructure");
}

/// An upscaler "double" in a model folder of its own: an SRVGGNetCompact of zeros, which enlarges by
/// repetition.
class WorkerWithAnUpscaler : public WorkerFixture {
 protected:
  WorkerWithAnUpscaler() {
    const std::filesystem::path folder = ledger.folder.path() / "models" / "upscalers";
    std::filesystem::create_directories(folder);
    write_doubling_upscaler(folder / "double.safetensors");
    setenv("LIMNER_MODELS", folder.parent_path().c_str(), 1);
  }
  ~WorkerWithAnUpscaler() override {
    worker.reset();
    unsetenv("LIMNER_MODELS");
  }
};

TEST_F(WorkerWithAnUpscaler, EnlargesWhatWasDrawn) {
  start_worker();
  Json request = small_request("a small thing");
  request["upscaler"] = "double";
  const Job job = ended(submit(request));
  ASSERT_EQ(job.state, JobState::stored) << job.error.message;
  EXPECT_EQ(pictures_of(job)[0].width, 128);
  const Picture large = decode_picture(as_bytes(only_picture(job)), "picture").value();
  const std::string small_file = drawn_alone(small_request("a small thing"));
  const Picture small = decode_picture(as_bytes(small_file), "picture").value();
  EXPECT_EQ(large.row(127)[127 * 3], small.row(63)[63 * 3]);
}

TEST_F(WorkerWithAnUpscaler, EnlargesAPictureThatWasBrought) {
  start_worker();
  const std::string file = drawn_alone(small_request("a brought thing"));
  const Upload upload = uploads->keep(ledger.tenant.id, "picture", "thing.png", file, "image", 0).value();
  const Job job = ended(submit({{"task", "upscale"}, {"init", upload.id}, {"upscaler", "double"}}));
  ASSERT_EQ(job.state, JobState::stored) << job.error.message;
  const PictureRow row = pictures_of(job)[0];
  EXPECT_EQ(row.width, 128);
  EXPECT_EQ(row.metadata["parameters"]["prompt"], "a brought thing");
  EXPECT_GT(job.engine_us, 0);
  EXPECT_NEAR(worker->status().busy_seconds, static_cast<double>(job.engine_us) / kSecondUs, 1e-6);
}

TEST_F(WorkerWithAnUpscaler, GoesOnFromTheLatentsWhenItFails) {
  config.keep_after_seconds = 0;
  const std::filesystem::path path = ledger.folder.path() / "models" / "upscalers" / "double.safetensors";
  std::ofstream(path, std::ios::trunc) << "damaged";
  start_worker();
  Json request = small_request("a small thing", 6);
  request["upscaler"] = "double";
  const Job failed = ended(submit(request));
  ASSERT_EQ(failed.state, JobState::failed);
  write_doubling_upscaler(path);
  worker->submitted(ledger->jobs().requeue(failed.id, 0, clock.now(), 0).value());
  ASSERT_EQ(ended(failed).state, JobState::stored);
  EXPECT_EQ(metric("limner_steps_total", {"model"}, {"limner-tiny"}), 6);
}

// A picture that takes long to enlarge, in many tiles.
constexpr int kLongSide = 3072;

class WorkerThatEnlargesLong : public WorkerWithAnUpscaler {
 protected:
  Job begin_long(const char* tier) {
    const Upload upload =
        uploads->keep(ledger.tenant.id, "picture", "p.png", grey_png(kLongSide, kLongSide), "image", 0)
            .value();
    const Job job =
        submit({{"task", "upscale"}, {"init", upload.id}, {"upscaler", "double"}, {"tier", tier}});
    EXPECT_TRUE(eventually([&] { return worker->progress(job.id).step > 0; }));
    return job;
  }
  void give_up(const Job& job) {
    EXPECT_FALSE(has_ended(now(job).state));
    EXPECT_TRUE(worker->cancel(job.id));
  }
};

TEST_F(WorkerThatEnlargesLong, AnUrgentPictureIsEnlargedBetweenTheTilesOfAnother) {
  start_worker();
  const Job large = begin_long("batch");
  const Upload upload =
      uploads->keep(ledger.tenant.id, "picture", "p.png", grey_png(64, 64), "image", 0).value();
  const Job urgent =
      ended(submit({{"task", "upscale"}, {"init", upload.id}, {"upscaler", "double"}, {"tier", "realtime"}}));
  EXPECT_EQ(urgent.state, JobState::stored);
  EXPECT_EQ(pictures_of(urgent)[0].width, 128);
  give_up(large);
  // Each job paid for its own tiles.
  const int64_t paid = ended(large).engine_us + urgent.engine_us;
  EXPECT_NEAR(worker->status().busy_seconds, static_cast<double>(paid) / kSecondUs, 1e-6);
}

TEST_F(WorkerThatEnlargesLong, ItKeepsOutOfTheWayOfUrgentDrawings) {
  config.scheduler.weights[2] = 1e-6;  // with its usual share it would go on now and then
  start_worker();
  const Job large = begin_long("batch");
  std::vector<int> tiles;
  Json request = small_request("an urgent thing", 100);
  request["tier"] = "realtime";
  EventHub::Subscription steps;
  const Job urgent = submit(request, [&](Job& job) {
    steps = events.subscribe(job.id, [&](const JobEvent& event) {
      if (event.type == "step") tiles.push_back(worker->progress(large.id).step);
    });
  });
  EXPECT_EQ(ended(urgent).state, JobState::stored);
  steps = {};
  ASSERT_EQ(tiles.size(), 100u);
  EXPECT_LE(tiles.back() - tiles.front(), 1) << "the tile that was under way";
  give_up(large);
}

TEST_F(WorkerThatEnlargesLong, WhatWaitsToBeEnlargedDoesNotHoldUpDrawing) {
  config.finishing_max = 2;
  start_worker();
  const Job large = begin_long("standard");
  std::vector<Job> waiting;
  for (int i = 0; i < 6; ++i) {
    Json request = small_request("a thing to enlarge");
    request["upscaler"] = "double";
    waiting.push_back(submit(request));
  }
  EXPECT_EQ(ended(submit(small_request("a small thing"))).state, JobState::stored);
  give_up(large);
  for (const Job& job : waiting) EXPECT_EQ(ended(job).state, JobState::stored);
}

}  // namespace
}  // namespace limner
