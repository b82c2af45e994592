// A model being loaded and drawn with on one thread while another is drawn with on a second one.

#include <atomic>
#include <thread>

#include "engine/limner_tiny_drawings_test.h"

namespace limner {
namespace {

std::vector<uint8_t> load_and_draw(const std::string& sampler) {
  const ModelPtr model = load_tiny();
  return pixels_of_the_rest(*opened(*model, small_brief(sampler)));
}

TEST(TwoModels, DrawTheSameBytesSideBySideAsOneAfterTheOther) {
  const std::vector<uint8_t> euler = load_and_draw("euler"), heun = load_and_draw("heun");
  const ModelPtr kept = load_tiny();
  std::vector<std::vector<uint8_t>> loaded_meanwhile;
  std::atomic<bool> done = false;
  std::thread pool([&] {
    for (int i = 0; i < 3; ++i) loaded_meanwhile.push_back(load_and_draw("heun"));
    done = true;
  });
  int drawn_meanwhile = 0;
  for (; !done || drawn_meanwhile == 0; ++drawn_meanwhile)
    EXPECT_EQ(pixels_of_the_rest(*opened(*kept, small_brief("euler"))), euler);
  pool.join();
  for (const std::vector<uint8_t>& pixels : loaded_meanwhile) EXPECT_EQ(pixels, heun);
}

}  // namespace
}  // namespace limner
