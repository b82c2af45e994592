#include "provenance/local_chain.h"

#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "base/files.h"
#include "provenance/test_pictures.h"

namespace limner {
namespace {

namespace fs = std::filesystem;
using namespace testing_pictures;

struct LocalChain : testing::Test {
  LocalChain() {
    std::string pattern = testing::TempDir() + "/limner-chain-XXXXXX";
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    folder = pattern;
  }
  ~LocalChain() override {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }
  fs::path folder;
};

TEST_F(LocalChain, SignsWhatItsRootVouchesFor) {
  for (const char* algorithm : {"es256", "ed25519"}) {
    const fs::path made = folder / "a" / algorithm;
    const Result<void> done =
        make_chain(made, {.algorithm = algorithm, .organisation = "Ex\xC3\xA4mple"}, kNow);
    ASSERT_TRUE(done) << done.error().text();
    const SignerPtr signer = load_signer(made, {.now = [] { return kNow; }}).value();
    const std::string file = sign_picture(file_of(Format::png), Format::png, *signer, {}).value();
    const auto anchors = make_trust_anchors({read_file(made / "root.pem", 1 << 20).value()}, "trust").value();
    const SignatureReport report = *verify_picture(file, *anchors, kNow);
    EXPECT_EQ(report.state, SignatureState::trusted) << failures(report);
    EXPECT_EQ(report.claim["disclosure"]["provider"], "Ex\xC3\xA4mple");
  }
}

TEST_F(LocalChain, OnlyItsOwnerReadsTheKey) {
  ASSERT_TRUE(make_chain(folder / "c", {}, kNow));
  struct stat status = {};
  ASSERT_EQ(::stat((folder / "c" / "key.pem").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(LocalChain, NothingIsWrittenOver) {
  for (const char* name : {"key.pem", "chain.pem", "root.pem"}) {
    const fs::path taken = folder / name;
    fs::create_directory(taken);
    std::ofstream(taken / name) << "mine";
    const Result<void> done = make_chain(taken, {}, kNow);
    ASSERT_FALSE(done) << name;
    EXPECT_EQ(done.error().code, Code::conflict);
    EXPECT_EQ(read_file(taken / name, 100).value(), "mine");
    EXPECT_EQ(std::distance(fs::directory_iterator(taken), {}), 1);
  }
}

TEST_F(LocalChain, WishesAreChecked) {
  EXPECT_EQ(make_chain(folder / "x", {.algorithm = "rsa"}, kNow).error().field, "algorithm");
  EXPECT_EQ(make_chain(folder / "x", {.organisation = ""}, kNow).error().field, "name");
  EXPECT_EQ(make_chain(folder / "x", {.organisation = std::string(65, 'x')}, kNow).error().field, "name");
  EXPECT_FALSE(fs::exists(folder / "x"));
}

TEST_F(LocalChain, OfSeveralThatMakeItAtOnceOneWins) {
  const fs::path shared = folder / "shared" / "signing";
  std::vector<std::string> seen(8);
  std::vector<std::thread> threads;
  for (std::string& key : seen)
    threads.emplace_back([&] {
      const Result<void> made = ensure_chain(shared, {}, kNow);
      EXPECT_TRUE(made) << made.error().text();
      EXPECT_TRUE(load_signer(shared));
      key = read_file(shared / "key.pem", 1 << 20).value();
    });
  for (std::thread& thread : threads) thread.join();
  for (const std::string& key : seen) EXPECT_EQ(key, seen[0]);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder / "shared"), {}), 1) << "nothing is left beside it";
}

}  // namespace
}  // namespace limner
