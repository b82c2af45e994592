// Several models, and no memory for all of them at once.

#include "jobs/worker_fixture.h"

namespace limner {
namespace {

class WorkerOfTwoModels : public WorkerFixture {
 protected:
  WorkerOfTwoModels() {
    ModelEntry other = models[0];
    other.name = "other";
    models.push_back(other);
    const ModelCard card = describe(tiny_path(), {.dtype = "f32", .threads = 2}).value();
    pool_config.memory_bytes = card.weight_bytes * 3 / 2;
    config.model_turn_seconds = 0.05;
  }
};

TEST_F(WorkerOfTwoModels, LetsThemTakeTurnsWithoutChangingAByte) {
  start_worker();
  const Json long_request = small_request("a long road", 60);
  const Job first = submit(long_request);
  ASSERT_TRUE(eventually([&] { return worker->progress(first.id).step > 0; }));
  Json request = small_request("a short path");
  request["model"] = "other";
  const Job second = ended(submit(request));
  ASSERT_EQ(second.state, JobState::stored) << second.error.message;
  ASSERT_EQ(ended(first).state, JobState::stored) << now(first).error.message;
  EXPECT_LT(second.finished, now(first).finished) << "the long one was put aside";
  EXPECT_EQ(only_picture(first), drawn_alone(long_request));
}

}  // namespace
}  // namespace limner
