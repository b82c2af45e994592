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
  PictureRow draw_marked(const PictureMark& mark) {
    const Job job = begin(accept());
    JobEnd stored = test_end(job, kOwner, JobState::stored, test.clock.now(), 80);
    stored.pictures.at(0).mark = mark;
    EXPECT_TRUE(jobs().end(stored));
    return test->pictures().of_job(job.id).value().at(0);
  }
  std::vector<std::string> marked_with(uint64_t watermark, int bits, int limit = 10) {
    std::vector<std::string> ids;
    const std::vector<PictureRow> rows = test->pictures().marked_with(watermark, bits, limit).value();
    for (const PictureRow& row : rows) ids.push_back(row.id);
    return ids;
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

TEST_F(StoredFilesTest, AreFoundByTheirWatermarks) {
  constexpr uint64_t kLargest = (uint64_t{1} << 40) - 1;
  const PictureRow first = draw_marked({.watermark_bits = 40, .watermark = kLargest});
  const PictureRow brief = draw_marked({.watermark_bits = 20, .watermark = 5});
  const PictureRow again = draw_marked({.watermark_bits = 40, .watermark = kLargest});
  draw_marked({});
  EXPECT_EQ(marked_with(kLargest, 40), (std::vector<std::string>{again.id, first.id}));
  EXPECT_EQ(marked_with(kLargest, 40, 1), (std::vector<std::string>{again.id}));
  EXPECT_EQ(marked_with(5, 20), (std::vector<std::string>{brief.id}));
  EXPECT_TRUE(marked_with(5, 40).empty()) << "20 bits of one are not 40 of another";
  EXPECT_TRUE(marked_with(0, 0).empty()) << "what has no watermark is not found by one";
}

TEST_F(StoredFilesTest, MarksOutliveTheirPicture) {
  const PictureRow picture =
      draw_marked({.watermark_bits = 40, .watermark = 7, .pdq = std::string(64, 'e'), .pdq_quality = 90});
  ASSERT_TRUE(test->pictures().mark_deleted(picture.id, kTestTime));
  EXPECT_EQ(marked_with(7, 40), (std::vector<std::string>{picture.id}));
  EXPECT_EQ(test->pictures().hashes_after(0, 50, 10).value().size(), 1u);
}

TEST_F(StoredFilesTest, HashesComeInTheirOrder) {
  const PictureRow first = draw_marked({.pdq = std::string(64, 'a'), .pdq_quality = 50});
  draw_marked({.pdq = std::string(64, 'b'), .pdq_quality = 49});
  draw_marked({.watermark_bits = 40, .watermark = 1});
  const PictureRow last = draw_marked({.pdq = std::string(64, 'c'), .pdq_quality = 100});
  const std::vector<StoredHash> all = test->pictures().hashes_after(0, 50, 10).value();
  ASSERT_EQ(all.size(), 2u) << "flat pictures are left out, and those without a hash";
  EXPECT_EQ(all[0].pdq, std::string(64, 'a'));
  EXPECT_EQ(test->pictures().hashed_as(all[0].number).value().id, first.id);
  EXPECT_EQ(test->pictures().hashes_after(0, 50, 1).value().at(0).number, all[0].number);
  const std::vector<StoredHash> rest = test->pictures().hashes_after(all[0].number, 50, 10).value();
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(test->pictures().hashed_as(rest[0].number).value().id, last.id);
  EXPECT_EQ(test->pictures().hashed_as(all[1].number + 1).error().code, Code::not_found);
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
