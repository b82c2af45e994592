// Pictures and uploads: alive, deleted, beyond their time.

#include "ledger/sqlite/job_test.h"

namespace limner {
namespace {

class StoredFilesTest : public JobTest {
 protected:
  PictureRow draw() {
    const Job job = begin(accept());
    EXPECT_TRUE(end(job, JobState::stored));
    return test->pictures().of_job(job.id).value().at(0);
  }
  Upload upload(TimeUs expires = 0) {
    Upload upload;
    upload.id = new_id("file");
    upload.tenant = test.tenant.id;
    upload.purpose = "picture";
    upload.name = "../../cat.png";
    upload.content_type = "image/png";
    upload.sha256 = std::string(64, 'b');
    upload.bytes = 7;
    upload.key = "uploads/" + upload.id;
    upload.created = test.clock.now();
    upload.expires = expires;
    EXPECT_TRUE(test->uploads().create(upload));
    return upload;
  }
  void retain(std::optional<int> days, bool hold = false) {
    test.tenant.retention_days = days;
    test.tenant.legal_hold = hold;
    ASSERT_TRUE(test->tenants().update(test.tenant));
  }
  size_t old_pictures() { return test->pictures().beyond_retention(test.clock.now(), 10).value().size(); }
  size_t old_uploads() { return test->uploads().beyond_retention(test.clock.now(), 10).value().size(); }
};

TEST_F(StoredFilesTest, LiveKeysAreThoseSomethingPointsTo) {
  const PictureRow picture = draw(), gone = draw();
  const Upload file = upload();
  const Job job = begin(accept());
  const KeptStage kept{"latents", 0, "stages/1", 10};
  ASSERT_TRUE(jobs().advance(job.id, kOwner, JobState::finishing, {&kept, 1}, 0));
  ASSERT_TRUE(test->pictures().mark_deleted(gone.id, kTestTime));
  const std::vector<std::string> live =
      test->pictures().live_keys({picture.key, gone.key, file.key, kept.key, "strange"}).value();
  EXPECT_EQ(live, (std::vector<std::string>{picture.key, file.key, kept.key}));
  EXPECT_EQ(test->pictures().find(gone.id).value().deleted, kTestTime);
}

TEST_F(StoredFilesTest, AgeBeyondRetention) {
  draw();
  upload();
  test.clock.advance(7 * kDayUs);
  EXPECT_EQ(old_pictures() + old_uploads(), 0u) << "kept without end";
  retain(7);
  EXPECT_EQ(old_pictures(), 1u);
  EXPECT_EQ(old_uploads(), 1u);
  retain(8);
  EXPECT_EQ(old_pictures() + old_uploads(), 0u);
}

TEST_F(StoredFilesTest, AreNotDeletedUnderALegalHold) {
  const PictureRow picture = draw();
  const Upload file = upload(test.clock.now() + 1);
  retain(0, true);
  test.clock.advance(kDayUs);
  EXPECT_EQ(old_pictures() + old_uploads(), 0u);
  EXPECT_EQ(test->pictures().mark_deleted(picture.id, kTestTime).error().code, Code::conflict);
  EXPECT_EQ(test->uploads().mark_deleted(file.id, kTestTime).error().code, Code::conflict);
  retain(0, false);
  EXPECT_TRUE(test->pictures().mark_deleted(picture.id, kTestTime));
}

TEST_F(StoredFilesTest, UploadsExpire) {
  const Upload file = upload(test.clock.now() + kSecondUs);
  EXPECT_EQ(test->uploads().find(file.id).value().name, "../../cat.png");
  EXPECT_EQ(test->uploads().list(test.tenant.id, "picture", 10, "").value().size(), 1u);
  EXPECT_TRUE(test->uploads().list(test.tenant.id, "lora", 10, "").value().empty());
  test.clock.advance(kSecondUs);
  EXPECT_EQ(test->uploads().find(file.id).error().code, Code::not_found);
  EXPECT_TRUE(test->uploads().list(test.tenant.id, "", 10, "").value().empty());
  EXPECT_EQ(old_uploads(), 1u);
  ASSERT_TRUE(test->uploads().mark_deleted(file.id, test.clock.now()));
  EXPECT_EQ(old_uploads(), 0u);
}

TEST_F(StoredFilesTest, UploadsStayWhileAJobNeedsThem) {
  const Upload init = upload(test.clock.now() + 1), lora = upload(test.clock.now() + 1);
  Job job = test.job();
  job.request = {{"init", init.id}, {"loras", {lora.id + ":0.5"}}};
  begin(accept(job));
  test.clock.advance(kSecondUs);
  EXPECT_EQ(old_uploads(), 0u);
  ASSERT_TRUE(end(job, JobState::failed));
  EXPECT_EQ(old_uploads(), 2u);
}

TEST_F(StoredFilesTest, SendingIsCountedAndPaid) {
  const PictureRow picture = draw();
  test->pictures().add_sent(picture.id, 1000, 5);
  test->pictures().add_sent(picture.id, 1000, 5);
  test->pictures().add_sent("pic_none", 1000, 5);
  ASSERT_TRUE(test->flush());
  EXPECT_EQ(test->pictures().find(picture.id).value().bytes_sent, 2000u);
  const UsageRow usage = test->usage().of_job(picture.job).value();
  EXPECT_EQ(usage.bytes_sent, 2000u);
  EXPECT_EQ(usage.cost_micros, 90);
  EXPECT_EQ(spending().spent_micros, 90);
  expect_consistent();
}

}  // namespace
}  // namespace limner
