// What was answered is there, whatever happens to the process.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>
#include <set>
#include <thread>

#include "ledger/ledger_fixture.h"

namespace limner {
namespace {

constexpr int kRounds = 20, kThreads = 4;
constexpr size_t kIdBytes = sizeof("job_") - 1 + 26;

struct Writer {
  pid_t process;
  int answers;  // the reading end of what it writes: ids, each after its job was accepted or ended
};

// Never returns; is killed.
[[noreturn]] void accept_for_ever(const LedgerConfig& config, const Job& job, int answers) {
  const SystemClock clock;
  const std::unique_ptr<Ledger> ledger = open_ledger(config, clock).value();
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([&] {
      for (Job mine = job;;) {
        mine.id = new_id("job");
        if (!ledger->jobs().accept(mine, std::nullopt)) ::_exit(1);
        if (!ledger->jobs().begin(mine.id, "child", kTestTime + 1, kTestTime)) ::_exit(1);
        if (!ledger->jobs().end(test_end(mine, "child", JobState::stored, kTestTime, 10))) ::_exit(1);
        if (::write(answers, mine.id.data(), mine.id.size()) < 0) ::_exit(1);
      }
    });
  for (;;) ::pause();
}

Writer start(const LedgerConfig& config, const Job& job) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t process = ::fork();
  if (process == 0) accept_for_ever(config, job, ends[1]);
  ::close(ends[1]);
  return {process, ends[0]};
}

// Reads answers until `count` came, kills the writer, reads the rest.
std::set<std::string> kill_after(const Writer& writer, size_t count) {
  std::string bytes;
  bool killed = false;
  char buffer[4096];
  for (ssize_t got = 0; (got = ::read(writer.answers, buffer, sizeof buffer)) > 0;) {
    bytes.append(buffer, static_cast<size_t>(got));
    if (!killed && bytes.size() >= count * kIdBytes) killed = ::kill(writer.process, SIGKILL) == 0;
  }
  EXPECT_TRUE(killed) << "the writer ended by itself";
  int status = 0;
  ::waitpid(writer.process, &status, 0);
  ::close(writer.answers);
  std::set<std::string> ids;
  for (size_t at = 0; at + kIdBytes <= bytes.size(); at += kIdBytes) ids.insert(bytes.substr(at, kIdBytes));
  return ids;
}

TEST(CrashTest, LosesNothingThatWasAnswered) {
  TestLedger test;
  const Job job = test.job();
  test.ledger.reset();
  std::mt19937 random(1);
  for (int round = 0; round < kRounds; ++round) {
    const Writer writer = start(test.config(), job);
    const std::set<std::string> answered = kill_after(writer, 1 + random() % 40);
    test.open();
    for (const std::string& id : answered) {
      const Result<Job> found = test->jobs().find(id);
      ASSERT_TRUE(found) << id << " was answered in round " << round;
      EXPECT_EQ(found->state, JobState::stored);
    }
    ASSERT_TRUE(test->jobs().reclaim(kTestTime, "child"));
    test.ledger.reset();
  }
  const std::vector<Disagreement> found = check_ledger(test.config(), {}).value();
  for (const Disagreement& each : found) ADD_FAILURE() << each.rule << ' ' << each.row << ": " << each.text;
}

}  // namespace
}  // namespace limner
