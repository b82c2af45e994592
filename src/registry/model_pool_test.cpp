#include "registry/model_pool.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <fstream>
#include <mutex>

#include "registry/tiny_model_test.h"

namespace limner {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

/// Copies of the default model under several names, and a pool over them.
class Pool : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("limner-pool-" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    setenv("XDG_CACHE_HOME", (folder_ / "cache").c_str(), 1);
    for (const char* name : {"a", "b", "c"}) {
      ModelEntry entry;
      entry.name = name;
      entry.path = kTinyModel;
      entry.dtype = "f32";
      models_.push_back(entry);
    }
  }
  void TearDown() override {
    pool_.reset();
    fs::remove_all(folder_);
  }

  // A budget in models of the default one's size; 0: as much as there is.
  void make_pool(double budget = 0) {
    catalogue_ = std::make_unique<Catalogue>(CatalogueConfig{models_, ""});
    PoolConfig config{.threads = 1};
    if (budget > 0)
      config.memory_bytes = static_cast<size_t>(
          budget * static_cast<double>(describe(kTinyModel, {.dtype = "f32", .threads = 1})->weight_bytes));
    pool_ = std::make_unique<ModelPool>(config, *catalogue_, clock_, log_, metrics_);
    pool_->on_change([this](const std::string& key, LoadState state) {
      const std::lock_guard lock(mutex_);
      told_.emplace_back(key, state);
      changed_.notify_all();
    });
  }

  // Waits until the pool has told of it, or of one more if it has before.
  bool hears(const std::string& key, LoadState state, size_t times = 1) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 60s, [&] {
      return std::count(told_.begin(), told_.end(), std::pair(key, state)) >= static_cast<ptrdiff_t>(times);
    });
  }

  std::shared_ptr<LoadedModel> load_now(const std::string& name) {
    if (auto model = pool_->get({.model = name})) return model;
    EXPECT_TRUE(hears(name, LoadState::ready));
    return pool_->get({.model = name});
  }

  // A copy of the default model, of links, in which files may be replaced.
  fs::path copy_of_tiny(const std::string& name) {
    const fs::path copy = folder_ / name;
    for (const auto& file : fs::recursive_directory_iterator(kTinyModel)) {
      const fs::path place = copy / fs::relative(file.path(), kTinyModel);
      if (file.is_directory()) continue;
      fs::create_directories(place.parent_path());
      fs::create_symlink(file.path(), place);
    }
    return copy;
  }

  static DrawingParams brief() {
    DrawingParams params;
    params.prompt = "a red apple";
    params.seed = 1;
    params.width = params.height = 64;
    params.steps = 2;
    return params;
  }

  fs::path folder_;
  std::vector<ModelEntry> models_;
  ManualClock clock_{kSecondUs};
  Log log_{::open("/dev/null", O_WRONLY | O_CLOEXEC), LogLevel::error, false, clock_};
  Metrics metrics_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::pair<std::string, LoadState>> told_;
  std::unique_ptr<Catalogue> catalogue_;
  std::unique_ptr<ModelPool> pool_;
};

TEST_F(Pool, LoadsInTheBackgroundAndHandsOutWhatCanDraw) {
  make_pool();
  EXPECT_EQ(pool_->get({.model = "a"}), nullptr);
  const auto model = load_now("a");
  ASSERT_TRUE(model);
  EXPECT_EQ(model->key(), "a");
  EXPECT_EQ(model->sha256(), model_hash(model->model()));
  EXPECT_EQ(model->sha256().size(), 64u);
  const size_t packed = weight_bytes(model->model());
  EXPECT_EQ(model->bytes(), packed);
  EXPECT_EQ(pool_->bytes_loaded(), packed);
  // Of the usual size: for others the library may want some weights in another form.
  DrawingParams usual = brief();
  usual.width = usual.height = std::nullopt;
  const Result<DrawingPtr> drawing = open(model->model(), usual, {});
  ASSERT_TRUE(drawing) << drawing.error().text();
  Drawing* const one[] = {drawing->get()};
  while (!drawn(**drawing)) ASSERT_TRUE(step(one));
  ASSERT_TRUE(finish(**drawing));
  EXPECT_EQ(weight_bytes(model->model()), packed) << "the first picture found every weight packed";
  EXPECT_EQ(pool_->peek("a"), model);
  EXPECT_EQ(pool_->peek("b"), nullptr);
  EXPECT_EQ(pool_->status().size(), 1u);
  EXPECT_EQ(pool_->status()[0].state, LoadState::ready);
  EXPECT_NE(metrics_.prometheus_text().find("limner_model_load_seconds_count{model=\"a\"} 1"),
            std::string::npos)
      << metrics_.prometheus_text();
}

TEST_F(Pool, MakesRoomByDroppingTheLeastRecentlyUsedThatNobodyHolds) {
  make_pool(2.3);
  ASSERT_TRUE(load_now("a"));
  clock_.advance(1);
  ASSERT_TRUE(load_now("b"));
  clock_.advance(1);
  ASSERT_TRUE(pool_->get({.model = "a"}));
  clock_.advance(1);
  ASSERT_TRUE(load_now("c"));
  EXPECT_TRUE(hears("b", LoadState::absent));
  EXPECT_TRUE(pool_->peek("a"));
  EXPECT_FALSE(pool_->peek("b"));
  EXPECT_LE(pool_->bytes_loaded(), pool_->memory_bytes());
  EXPECT_NE(metrics_.prometheus_text().find("limner_model_evictions_total 1"), std::string::npos);
  EXPECT_NE(metrics_.prometheus_text().find("limner_models_loaded 2"), std::string::npos);
}

TEST_F(Pool, WithoutRoomALoadFailsUntilSomethingIsGivenBack) {
  make_pool(1.3);
  auto held = load_now("a");
  ASSERT_TRUE(held);
  EXPECT_FALSE(pool_->get({.model = "b"}));
  ASSERT_TRUE(hears("b", LoadState::failed));
  ASSERT_TRUE(pool_->failure("b"));
  EXPECT_EQ(pool_->failure("b")->code, Code::exhausted);
  EXPECT_TRUE(pool_->peek("a")) << "what is held is not dropped";
  auto held_too = pool_->get({.model = "a"});
  held.reset();
  held = pool_->peek("a");
  held_too.reset();
  EXPECT_EQ(pool_->failure("b")->code, Code::exhausted) << "somebody still holds it";
  held.reset();
  EXPECT_TRUE(hears("b", LoadState::ready)) << "it is tried again by itself";
  EXPECT_FALSE(pool_->failure("b"));
  EXPECT_FALSE(pool_->peek("a"));
}

TEST_F(Pool, AModelThatNeverFitsIsTooLarge) {
  make_pool(0.5);
  EXPECT_FALSE(pool_->get({.model = "a"}));
  ASSERT_TRUE(hears("a", LoadState::failed));
  EXPECT_EQ(pool_->failure("a")->code, Code::too_large);
}

TEST_F(Pool, AModelMayBeHeldLongerThanThePool) {
  make_pool();
  const auto held = load_now("a");
  pool_.reset();
  EXPECT_TRUE(open(held->model(), brief(), {}));
}

TEST_F(Pool, AFailedLoadIsTriedAgainWhenTheFileIsRepaired) {
  models_[0].path = copy_of_tiny("broken");
  fs::remove(folder_ / "broken/vae/config.json");
  std::ofstream(folder_ / "broken/vae/config.json") << "{";
  make_pool();
  EXPECT_FALSE(pool_->get({.model = "a"}));
  ASSERT_TRUE(hears("a", LoadState::failed));
  EXPECT_EQ(pool_->failure("a")->code, Code::invalid);
  fs::remove(folder_ / "broken/vae/config.json");
  fs::create_symlink(kTinyModel / "vae/config.json", folder_ / "broken/vae/config.json");
  EXPECT_FALSE(pool_->get({.model = "a"}));
  EXPECT_TRUE(pool_->failure("a")) << "not tried again at once";
  clock_.advance(5 * kSecondUs);
  EXPECT_FALSE(pool_->get({.model = "a"}));
  EXPECT_TRUE(hears("a", LoadState::ready));
  EXPECT_FALSE(pool_->failure("a"));
  EXPECT_TRUE(pool_->get({.model = "a"}));
}

TEST_F(Pool, AnUnknownModelIsNotFound) {
  make_pool();
  EXPECT_FALSE(pool_->get({.model = "nobody"}));
  ASSERT_TRUE(hears("nobody", LoadState::failed));
  EXPECT_EQ(pool_->failure("nobody")->code, Code::not_found);
}

TEST_F(Pool, WeightsOfAnotherDigestAreNotLoaded) {
  models_[0].sha256 = std::string(64, '0');
  models_[1].sha256 = *hash_weights(*describe(kTinyModel, {}), {});
  make_pool();
  EXPECT_TRUE(load_now("b"));
  EXPECT_FALSE(pool_->get({.model = "a"}));
  ASSERT_TRUE(hears("a", LoadState::failed));
  EXPECT_EQ(pool_->failure("a")->code, Code::data_loss);
  EXPECT_NE(pool_->failure("a")->message.find(models_[0].sha256), std::string::npos);
  EXPECT_NE(pool_->failure("a")->message.find(models_[1].sha256), std::string::npos);
}

TEST_F(Pool, WarmModelsAreLoadedAtTheStartAndStay) {
  models_[0].warm = true;
  make_pool(1.3);
  EXPECT_FALSE(pool_->warm_models_ready());
  pool_->start();
  ASSERT_TRUE(hears("a", LoadState::ready));
  EXPECT_TRUE(pool_->warm_models_ready());
  EXPECT_FALSE(pool_->get({.model = "b"}));
  ASSERT_TRUE(hears("b", LoadState::failed));
  EXPECT_EQ(pool_->failure("b")->code, Code::exhausted) << "a warm model makes no room";
  EXPECT_TRUE(pool_->warm_models_ready());
}

TEST_F(Pool, DropsWhatIsIdleOnRequest) {
  models_[2].warm = true;
  make_pool();
  pool_->start();
  const auto held = load_now("a");
  ASSERT_TRUE(load_now("b"));
  ASSERT_TRUE(hears("c", LoadState::ready));
  pool_->drop_idle();
  EXPECT_TRUE(hears("b", LoadState::absent));
  EXPECT_FALSE(pool_->peek("b"));
  EXPECT_TRUE(pool_->peek("a"));
  EXPECT_TRUE(hears("c", LoadState::ready, 2)) << "a warm model is loaded anew";
}

TEST_F(Pool, ManyThreadsGetOneAndTheSame) {
  make_pool();
  std::vector<std::thread> threads;
  std::vector<std::shared_ptr<LoadedModel>> got(16);
  for (size_t i = 0; i < got.size(); ++i)
    threads.emplace_back([&, i] {
      while (!(got[i] = pool_->get({.model = i % 2 ? "a" : "b"}))) std::this_thread::sleep_for(1ms);
      for (int n = 0; n < 200; ++n) pool_->peek(i % 2 ? "b" : "a");
    });
  for (std::thread& thread : threads) thread.join();
  for (size_t i = 2; i < got.size(); ++i) EXPECT_EQ(got[i], got[i - 2]);
  EXPECT_TRUE(hears("a", LoadState::ready) && hears("b", LoadState::ready));
  EXPECT_EQ(pool_->status().size(), 2u);
  got.clear();
  pool_->drop_idle();
  EXPECT_EQ(pool_->bytes_loaded(), 0u) << "nothing is held any more";
}

TEST(ModelVariant, HasOneKeyForOneWayOfLoading) {
  const ModelVariant plain{.model = "a"};
  EXPECT_EQ(plain.key(), "a");
  ModelVariant changed = plain;
  changed.loras = {{"ink", 0.5}};
  const std::string key = changed.key();
  EXPECT_EQ(key, changed.key());
  EXPECT_TRUE(key.starts_with("a#"));
  changed.loras[0].weight = 0.6;
  EXPECT_NE(changed.key(), key);
  EXPECT_NE((ModelVariant{.model = "a", .dtype = "f32"}.key()), "a");
  EXPECT_NE((ModelVariant{.model = "a", .embeddings = {"x"}}.key()),
            (ModelVariant{.model = "a", .controlnets = {"x"}}.key()));
}

}  // namespace
}  // namespace limner
