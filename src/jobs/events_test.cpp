#include "jobs/events.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace limner {
namespace {

JobEvent step(int number) { return {"step", {{"step", number}}, nullptr, ""}; }

TEST(EventHub, TellsThoseWhoListenToTheJob) {
  EventHub hub;
  std::vector<std::string> heard;
  const auto first =
      hub.subscribe("job_a", [&](const JobEvent& event) { heard.push_back("a " + event.type); });
  const auto second = hub.subscribe("job_a", [&](const JobEvent&) { heard.push_back("a too"); });
  const auto other = hub.subscribe("job_b", [&](const JobEvent&) { heard.push_back("b"); });
  hub.publish("job_a", step(1));
  hub.publish("job_c", step(1));
  EXPECT_EQ(heard, (std::vector<std::string>{"a step", "a too"}));
  EXPECT_TRUE(hub.listened("job_b"));
  EXPECT_FALSE(hub.listened("job_c"));
  EXPECT_EQ(hub.listeners(), 3u);
}

TEST(EventHub, AnEndedSubscriptionHearsNothing) {
  EventHub hub;
  int heard = 0;
  {
    const auto subscription = hub.subscribe("job", [&](const JobEvent&) { ++heard; });
    hub.publish("job", step(1));
  }
  hub.publish("job", step(2));
  EXPECT_EQ(heard, 1);
  EXPECT_FALSE(hub.listened("job"));
}

TEST(EventHub, AMovedSubscriptionGoesOn) {
  EventHub hub;
  int heard = 0;
  EventHub::Subscription kept;
  {
    auto subscription = hub.subscribe("job", [&](const JobEvent&) { ++heard; });
    kept = std::move(subscription);
  }
  hub.publish("job", step(1));
  EXPECT_EQ(heard, 1);
  kept = {};
  hub.publish("job", step(2));
  EXPECT_EQ(heard, 1);
}

TEST(EventHub, AListenerMayEndItsOwnSubscriptionAndSubscribeAnew) {
  EventHub hub;
  EventHub::Subscription own, next;
  int heard = 0;
  own = hub.subscribe("job", [&](const JobEvent&) {
    ++heard;
    own = {};
    next = hub.subscribe("job", [&](const JobEvent&) { heard += 10; });
  });
  hub.publish("job", step(1));
  EXPECT_EQ(heard, 1);
  hub.publish("job", step(2));
  EXPECT_EQ(heard, 11);
}

TEST(EventHub, AListenerThatOwnsItsSubscriptionEndsWithTheHub) {
  const auto alive = std::make_shared<int>(0);
  {
    EventHub hub;
    const auto own = std::make_shared<EventHub::Subscription>();
    *own = hub.subscribe("job", [own, alive](const JobEvent&) {});
    EXPECT_EQ(alive.use_count(), 2);
  }
  EXPECT_EQ(alive.use_count(), 1);
}

TEST(EventHub, EndingASubscriptionWaitsForTheCallUnderWay) {
  EventHub hub;
  std::atomic<bool> called = false, ended = false, leave = false;
  auto subscription = hub.subscribe("job", [&](const JobEvent&) {
    called = true;
    while (!leave) std::this_thread::yield();
    EXPECT_FALSE(ended);
  });
  std::jthread publisher([&] { hub.publish("job", step(1)); });
  while (!called) std::this_thread::yield();
  std::jthread ending([&] {
    subscription = {};
    ended = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_FALSE(ended);
  leave = true;
  ending.join();
  EXPECT_TRUE(ended);
}

// After a subscription has ended, what its listener refers to may be gone: sanitizers see whether it is
// touched.
TEST(EventHub, SubscribersComeAndGoWhileEventsFly) {
  EventHub hub;
  std::atomic<bool> done = false;
  std::jthread publisher([&] {
    for (int i = 0; !done; ++i) hub.publish(i % 2 ? "job_a" : "job_b", step(i));
  });
  std::vector<std::jthread> listeners;
  std::atomic<int> heard = 0;
  for (int t = 0; t < 4; ++t)
    listeners.emplace_back([&, t] {
      for (int i = 0; i < 300; ++i) {
        auto counter = std::make_unique<int>(0);
        const auto subscription =
            hub.subscribe(t % 2 ? "job_a" : "job_b", [&](const JobEvent&) { ++*counter; });
        std::this_thread::yield();
        heard += i;
      }
    });
  listeners.clear();
  done = true;
  publisher.join();
  EXPECT_EQ(hub.listeners(), 0u);
}

TEST(EventHub, ThousandsOfListenersCostTheOthersNothing) {
  EventHub hub;
  std::vector<EventHub::Subscription> subscriptions;
  int heard = 0;
  for (int i = 0; i < 2000; ++i)
    subscriptions.push_back(hub.subscribe("job_" + std::to_string(i), [&](const JobEvent&) { ++heard; }));
  EXPECT_EQ(hub.listeners(), 2000u);
  hub.publish("job_7", step(1));
  EXPECT_EQ(heard, 1);
  subscriptions.clear();
  EXPECT_EQ(hub.listeners(), 0u);
}

}  // namespace
}  // namespace limner
