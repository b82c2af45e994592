#include "jobs/uploads.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/crypto.h"
#include "base/files.h"
#include "base/sha256.h"
#include "jobs/job_test_data.h"
#include "jobs/picture_keys.h"
#include "ledger/ledger_fixture.h"
#include "store/local_store.h"

namespace limner {
namespace {

// The header describes one tensor of 4 bytes.
std::string lora() {
  const std::string header = R"({"a.lora_up.weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
  std::string file(8, '\0');
  file[0] = static_cast<char>(header.size());
  return file + header + "abcd";
}

class Uploads : public testing::Test {
 protected:
  Upload keep(std::string_view purpose, std::string_view bytes, TimeUs expires = 0) {
    return keeper.keep(ledger.tenant.id, purpose, "a.png", bytes, "file", expires).value();
  }
  std::filesystem::path object(const std::string& key) { return ledger.folder.path() / "store" / key; }

  TestLedger ledger;
  std::unique_ptr<Store> store = LocalStore::open(ledger.folder.path() / "store", ledger.clock).value();
  UploadLimits limits{.picture_bytes_max = 100'000,
                      .lora_bytes_max = 1000,
                      .batch_bytes_max = 1000,
                      .decode = {.file_bytes_max = 100'000, .pixels_max = 64 * 64}};
  UploadKeeper keeper{*ledger, *store, limits, ledger.clock};
};

TEST_F(Uploads, APictureIsKeptAndReadAgain) {
  const std::string bytes = grey_png(24, 16);
  const Upload upload = keep("picture", bytes);
  EXPECT_EQ(upload.content_type, "image/png");
  EXPECT_EQ(upload.sha256, sha256_hex(as_bytes(bytes)));
  EXPECT_EQ(upload.bytes, bytes.size());
  EXPECT_EQ(upload.key, upload_key(ledger.tenant.id, upload.id));
  EXPECT_EQ(keeper.read(ledger.tenant.id, upload.id, "init").value(), bytes);
  EXPECT_EQ(keeper.read_picture(ledger.tenant.id, upload.id, "init").value().width, 24);
}

TEST_F(Uploads, ItsSizeIsKnownWithoutReadingIt) {
  const Upload upload = keep("picture", grey_png(24, 16));
  std::filesystem::remove(object(upload.key));
  const PictureSize size = keeper.picture_size(ledger.tenant.id, upload.id, "init").value();
  EXPECT_EQ(size.width, 24);
  EXPECT_EQ(size.height, 16);
}

TEST_F(Uploads, AnotherProcessReadsItForItsSize) {
  const Upload upload = keep("picture", grey_png(24, 16));
  UploadKeeper other(*ledger, *store, limits, ledger.clock);
  EXPECT_EQ(other.picture_size(ledger.tenant.id, upload.id, "init").value().height, 16);
}

TEST_F(Uploads, WhatIsNotWhatItIsSaidToBeIsRefused) {
  const std::string damaged = grey_png(24, 16).substr(0, 60);
  const std::tuple<const char*, std::string, Code> cases[] = {
      {"picture", "no picture", Code::unsupported},
      {"picture", damaged, Code::invalid},
      {"picture", grey_png(65, 64), Code::too_large},
      {"picture", std::string(100'001, 'x'), Code::too_large},
      {"lora", grey_png(8, 8), Code::invalid},
      {"lora", std::string(1001, 'x'), Code::too_large},
      {"batch", "\xff\xfe", Code::invalid},
      {"batch", std::string(1001, 'x'), Code::too_large},
      {"virus", "x", Code::invalid},
  };
  for (const auto& [purpose, bytes, code] : cases) {
    const Result<Upload> upload = keeper.keep(ledger.tenant.id, purpose, "a", bytes, "file", 0);
    ASSERT_FALSE(upload) << purpose;
    EXPECT_EQ(upload.error().code, code) << purpose << ": " << upload.error().text();
  }
  EXPECT_TRUE(ledger->uploads().list(ledger.tenant.id, "", 10, "").value().empty());
}

TEST_F(Uploads, ANameIsForShowingOnly) {
  const auto name = [&](std::string_view given) {
    return keeper.keep(ledger.tenant.id, "batch", given, "{}", "file", 0).value().name;
  };
  EXPECT_EQ(name("../../etc/passwd"), "passwd");
  EXPECT_EQ(name("C:\\Bilder\\Füchse.png"), "Füchse.png");
  EXPECT_EQ(name("a\nb"), "");
  EXPECT_EQ(name("\xff"), "");
  EXPECT_EQ(name(std::string(300, 'x')), "");
}

TEST_F(Uploads, OthersFilesAreNotThere) {
  const Upload upload = keep("picture", grey_png(8, 8));
  for (const std::string& id :
       {upload.id, new_id("file"), new_id("pic"), std::string("../x"), std::string()}) {
    const std::string tenant = id == upload.id ? new_id("ten") : ledger.tenant.id;
    EXPECT_EQ(keeper.read(tenant, id, "init").error().code, Code::not_found) << id;
    EXPECT_EQ(keeper.picture_size(tenant, id, "init").error().code, Code::not_found) << id;
    EXPECT_EQ(keeper.read(tenant, id, "init").error().field, "init") << id;
  }
}

TEST_F(Uploads, ExpiredAndDeletedOnesAreNotThere) {
  const Upload expiring = keep("picture", grey_png(8, 8), ledger.clock.now() + kSecondUs);
  const Upload deleted = keep("picture", grey_png(8, 8));
  EXPECT_TRUE(keeper.remove(ledger.tenant.id, deleted.id, "file"));
  EXPECT_FALSE(std::filesystem::exists(object(deleted.key)));
  ledger.clock.advance(2 * kSecondUs);
  for (const Upload& upload : {expiring, deleted})
    EXPECT_EQ(keeper.read(ledger.tenant.id, upload.id, "init").error().code, Code::not_found);
}

TEST_F(Uploads, OfATenantUnderLegalHoldNothingIsDeleted) {
  const Upload upload = keep("picture", grey_png(8, 8));
  Tenant tenant = ledger.tenant;
  tenant.legal_hold = true;
  ASSERT_TRUE(ledger->tenants().update(tenant));
  EXPECT_EQ(keeper.remove(tenant.id, upload.id, "file").error().code, Code::conflict);
  EXPECT_TRUE(keeper.read(tenant.id, upload.id, "init"));
}

TEST_F(Uploads, BytesThatChangedOrAreGoneAreDataLoss) {
  const Upload changed = keep("batch", "{\"a\":1}"), longer = keep("batch", "{\"a\":1}"),
               gone = keep("batch", "{}");
  std::ofstream(object(changed.key)) << "{\"a\":2}";
  std::ofstream(object(longer.key)) << "{\"a\":1} and more";
  std::filesystem::remove(object(gone.key));
  for (const Upload& upload : {changed, longer, gone})
    EXPECT_EQ(keeper.read(ledger.tenant.id, upload.id, "file").error().code, Code::data_loss);
}

TEST_F(Uploads, ALoraBecomesAFileOnce) {
  const Upload upload = keep("lora", lora());
  const auto folder = ledger.folder.path() / "scratch";
  const auto path = keeper.local_file(ledger.tenant.id, upload.id, "loras", folder).value();
  EXPECT_EQ(path.filename(), upload.sha256 + ".safetensors");
  EXPECT_EQ(read_file(path, 1000).value(), lora());
  // From now on the store is not asked.
  std::filesystem::remove(object(upload.key));
  EXPECT_EQ(keeper.local_file(ledger.tenant.id, upload.id, "loras", folder).value(), path);
}

TEST_F(Uploads, AFileThatNobodyAsksForGoesAndComesBack) {
  const Upload upload = keep("lora", lora());
  const auto folder = ledger.folder.path() / "scratch";
  const auto ask = [&] { return keeper.local_file(ledger.tenant.id, upload.id, "loras", folder).value(); };
  const auto path = ask();
  const auto age = [&] {
    std::filesystem::last_write_time(path,
                                     std::filesystem::file_time_type::clock::now() - std::chrono::hours(30));
  };
  age();
  ask();
  drop_old_files(folder, 86'400);
  EXPECT_TRUE(std::filesystem::exists(path)) << "was asked for just now";
  age();
  drop_old_files(folder, 86'400);
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_EQ(read_file(ask(), 1000).value(), lora());
  drop_old_files(folder / "nothing", 0);
}

TEST_F(Uploads, OnlyALoraBecomesAFile) {
  const Upload upload = keep("picture", grey_png(8, 8));
  const auto path = keeper.local_file(ledger.tenant.id, upload.id, "loras", ledger.folder.path());
  EXPECT_EQ(path.error().code, Code::invalid);
  EXPECT_EQ(path.error().field, "loras");
}

}  // namespace
}  // namespace limner
