// Pictures leave a worker with their marks, or not at all.

#include <cmath>

#include "base/files.h"
#include "image/codec.h"
#include "image/file_metadata.h"
#include "jobs/worker_fixture.h"
#include "provenance/local_chain.h"
#include "provenance/verify.h"
#include "similarity/pdq.h"
#include "watermark/key_file.h"

namespace limner {
namespace {

constexpr char kProvider[] = "Limner Test";

class WorkerMarks : public WorkerFixture {
 protected:
  MarkingConfig marking() const { return {.folder = ledger.folder.path(), .provider = kProvider}; }
  void open_marker(const MarkingConfig& with) {
    Result<std::unique_ptr<PictureMarker>> opened = PictureMarker::open(with, clock.now());
    ASSERT_TRUE(opened) << opened.error().text();
    marker = std::move(*opened);
  }
  void start(const MarkingConfig& with) {
    open_marker(with);
    start_worker();
  }
  Job draw(const Json& request) {
    const Job job = ended(submit(request));
    EXPECT_EQ(job.state, JobState::stored) << job.error.message;
    return job;
  }
  SignatureReport signature_of(const std::string& file) {
    const std::string root = read_file(signing_folder(marking()) / "root.pem", 1u << 16).value();
    return verify_picture(file, *make_trust_anchors({root}, "trust").value(), clock.now()).value();
  }
  static Picture pixels_of(const std::string& file) { return decode_picture(as_bytes(file), "file").value(); }
  WatermarkKey key() const { return read_watermark_key(watermark_key_path(marking())).value(); }
};

double psnr(const Picture& a, const Picture& b) {
  double squares = 0;
  for (size_t i = 0; i < a.pixels.size(); ++i) squares += std::pow(a.pixels[i] - b.pixels[i], 2);
  return 10 * std::log10(255.0 * 255.0 * static_cast<double>(a.pixels.size()) / squares);
}

Json large_request() { return {{"prompt", "a red apple"}, {"width", 256}, {"height", 256}, {"steps", 1}}; }

TEST_F(WorkerMarks, PictureFileAndLedgerTogether) {
  start(marking());
  const Job job = draw(large_request());
  const std::string file = only_picture(job);
  const PictureRow row = pictures_of(job).at(0);

  const SignatureReport signature = signature_of(file);
  EXPECT_EQ(signature.state, SignatureState::trusted);
  const Json& disclosure = signature.claim["disclosure"];
  EXPECT_EQ(disclosure["id"], row.id);
  EXPECT_EQ(disclosure["provider"], kProvider);
  EXPECT_NE(signature.claim.dump().find("limner-tiny"), std::string::npos);

  const Json& watermark = row.metadata["marks"]["watermark"];
  ASSERT_EQ(watermark["carried"], true);
  ASSERT_EQ(watermark["readable"], true) << "this picture is known to have room for its mark";
  const std::optional<WatermarkReading> reading = read_watermark(pixels_of(file), key());
  ASSERT_TRUE(reading);
  EXPECT_EQ(watermark["id"], reading->id.value);
  EXPECT_EQ(watermark["id_bits"], reading->id_bits);
  const std::vector<PictureRow> found =
      ledger->pictures().marked_with(reading->id.value, reading->id_bits, 5).value();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].id, row.id);

  const std::vector<StoredHash> hashes = ledger->pictures().hashes_after(0, 0, 5).value();
  ASSERT_EQ(hashes.size(), 1u);
  EXPECT_EQ(hashes[0].pdq, pdq_text(pdq_hash(pixels_of(file)).hash));
  EXPECT_EQ(read_file_metadata(as_bytes(file), "file")->limner_json, row.metadata.dump());
}

TEST_F(WorkerMarks, ThePixelsBeneathAreThoseOfTheCommandLine) {
  start(marking());
  const Job job = draw(large_request());
  const Picture plain = pixels_of(drawn_alone(large_request())), marked = pixels_of(only_picture(job));
  EXPECT_EQ(pictures_of(job).at(0).metadata["marks"]["pixels_sha256"], pixels_sha256(plain));
  EXPECT_GE(psnr(plain, marked), 42);
  EXPECT_LT(psnr(plain, marked), 60) << "nothing was done to them";
}

TEST_F(WorkerMarks, APictureDrawnAgainKeepsItsId) {
  start(marking());
  const Picture picture = pixels_of(drawn_alone(large_request()));
  const PictureMark first = marker->mark_pixels(picture, "job_a", 0).value().mark;
  EXPECT_EQ(marker->mark_pixels(picture, "job_a", 0).value().mark.watermark, first.watermark);
  EXPECT_NE(marker->mark_pixels(picture, "job_a", 1).value().mark.watermark, first.watermark);
  EXPECT_NE(marker->mark_pixels(picture, "job_b", 0).value().mark.watermark, first.watermark);
}

TEST_F(WorkerMarks, SayWhenAPictureIsTooSmallForAWatermark) {
  start(marking());
  const Job job = draw({{"prompt", "a red apple"}, {"width", 64}, {"height", 32}, {"steps", 1}});
  const PictureRow row = pictures_of(job).at(0);
  EXPECT_EQ(row.metadata["marks"]["watermark"]["carried"], false);
  EXPECT_NE(row.metadata["marks"]["watermark"]["reason"].get<std::string>().find("128"), std::string::npos);
  EXPECT_EQ(signature_of(only_picture(job)).state, SignatureState::trusted);
}

TEST_F(WorkerMarks, NoFileLeavesWithoutAny) {
  start(marking());
  const Job job = ended(
      submit({{"prompt", "a red apple"}, {"width", 64}, {"height", 64}, {"steps", 1}, {"format", "avif"}}));
  EXPECT_EQ(job.state, JobState::failed);
  EXPECT_EQ(job.error.field, "format");
  EXPECT_NE(job.error.message.find("unmarked"), std::string::npos) << job.error.message;
  EXPECT_TRUE(pictures_of(job).empty());
}

TEST_F(WorkerMarks, NameThePictureThatAnotherWasDrawnOver) {
  start(marking());
  const std::string below = drawn_alone(small_request("a green pear"));
  const Upload upload = uploads->keep(ledger.tenant.id, "picture", "pear.png", below, "file", 0).value();
  Json request = small_request("a red apple");
  request.merge_patch({{"init", upload.id}, {"strength", 0.5}, {"width", nullptr}, {"height", nullptr}});
  const SignatureReport signature = signature_of(only_picture(draw(request)));
  ASSERT_EQ(signature.state, SignatureState::trusted);
  EXPECT_NE(signature.claim.dump().find(upload.id), std::string::npos) << signature.claim.dump();
}

TEST_F(WorkerMarks, StayOnBareFiles) {
  start(marking());
  Json request = large_request();
  request["bare"] = true;
  const std::string file = only_picture(draw(request));
  const SignatureReport signature = signature_of(file);
  EXPECT_EQ(signature.state, SignatureState::trusted);
  EXPECT_EQ(signature.claim.dump().find("limner-tiny"), std::string::npos);
  EXPECT_TRUE(read_file_metadata(as_bytes(file), "file")->limner_json.empty());
  EXPECT_TRUE(read_watermark(pixels_of(file), key()));
}

TEST_F(WorkerMarks, AvifHasTheWatermarkAlone) {
  start(marking());
  Json request = large_request();
  request["format"] = "avif";
  const Job job = draw(request);
  const Json marks = pictures_of(job).at(0).metadata["marks"];
  EXPECT_EQ(marks["manifest"], false);
  EXPECT_EQ(marks["watermark"]["carried"], true);
}

TEST_F(WorkerMarks, InTheNoiseHaveTheIdOfThePixelsAndKeepSeedsWhatTheyAre) {
  MarkingConfig noise = marking();
  noise.noise_watermark = true;
  start(noise);
  const Job job = draw(large_request()), again = draw(large_request());
  const Json marks = pictures_of(job).at(0).metadata["marks"];
  ASSERT_EQ(marks["noise_watermark"]["carried"], true);
  EXPECT_EQ(marks["noise_watermark"]["id"], noise_id(key(), job.tenant, 7).value);
  EXPECT_EQ(marks["noise_watermark"]["id_bits"], kWatermarkIdBits);
  EXPECT_EQ(marks["watermark"]["id"], marks["noise_watermark"]["id"]);
  EXPECT_EQ(pictures_of(again).at(0).metadata["marks"], marks) << "the same pixels with the same id";
  const RecordedNoise recorded = recorded_noise(pictures_of(job).at(0).metadata, "metadata").value().value();
  EXPECT_EQ(recorded.id, noise_id(key(), job.tenant, 7));
  EXPECT_EQ(recorded.key, watermark_key_name(key()));
  EXPECT_NE(marks["pixels_sha256"], pixels_sha256(pixels_of(drawn_alone(large_request()))))
      << "the noise is another one";
  EXPECT_EQ(ledger->pictures().marked_with(recorded.id.value, kWatermarkIdBits, 5)->size(), 2u);
}

TEST_F(WorkerMarks, InTheNoiseSayWhereThereAreNone) {
  MarkingConfig noise = marking();
  noise.noise_watermark = true;
  noise.watermark = false;
  start(noise);
  const Upload upload =
      uploads->keep(ledger.tenant.id, "picture", "pear.png", drawn_alone(small_request("a pear")), "file", 0)
          .value();
  Json over = small_request("a red apple");
  over.merge_patch({{"init", upload.id}, {"strength", 0.5}, {"width", nullptr}, {"height", nullptr}});
  const Json metadata = pictures_of(draw(over)).at(0).metadata;
  EXPECT_EQ(metadata["marks"]["noise_watermark"]["carried"], false);
  EXPECT_NE(metadata["marks"]["noise_watermark"]["reason"].get<std::string>().find("over another"),
            std::string::npos);
  EXPECT_FALSE(metadata.contains("noise_watermark"));

  // Too small for an id in the pixels; the ledger knows that of the noise.
  const PictureRow small = pictures_of(draw(small_request("a red apple"))).at(0);
  EXPECT_EQ(small.metadata["marks"]["watermark"]["carried"], false);
  const uint64_t id = small.metadata["marks"]["noise_watermark"]["id"];
  EXPECT_EQ(ledger->pictures().marked_with(id, kBriefIdBits, 5)->at(0).id, small.id);
}

TEST_F(WorkerMarks, AreNotMadeWhereSwitchedOff) {
  MarkingConfig off = marking();
  off.sign = off.watermark = false;
  start(off);
  const Job job = draw(large_request());
  EXPECT_EQ(only_picture(job), drawn_alone(large_request()));
  EXPECT_FALSE(pictures_of(job).at(0).metadata.contains("marks"));
  EXPECT_EQ(ledger->pictures().hashes_after(0, 0, 5)->size(), 1u) << "it can still be found by its looks";
  EXPECT_FALSE(std::filesystem::exists(signing_folder(off))) << "no key is made that nobody uses";
}

TEST_F(WorkerMarks, WhatCannotBeSignedIsNotDelivered) {
  ASSERT_TRUE(make_chain(signing_folder(marking()), {}, clock.now()));
  SignerSources later;
  later.now = [this] { return clock.now() + 365 * 20 * kDayUs; };
  marker = std::make_unique<PictureMarker>(load_signer(signing_folder(marking()), later).value(),
                                           std::nullopt, std::nullopt, "");
  start_worker();
  const Job job = ended(submit(large_request()));
  EXPECT_EQ(job.state, JobState::failed);
  EXPECT_EQ(job.error.code, "unavailable");
  EXPECT_TRUE(pictures_of(job).empty());
}

TEST_F(WorkerMarks, PreviewsHaveAManifest) {
  open_marker(marking());
  make_worker();
  std::mutex mutex;
  std::vector<std::string> previews;
  Json request = small_request("a red apple", 6);
  request["preview_every"] = 2;
  const Job job = submit(request);
  const EventHub::Subscription listening = events.subscribe(job.id, [&](const JobEvent& event) {
    const std::lock_guard lock(mutex);
    if (event.picture)
      previews.emplace_back(reinterpret_cast<const char*>(event.picture->data()), event.picture->size());
  });
  ASSERT_TRUE(worker->start());
  ended(job);
  const std::lock_guard lock(mutex);
  ASSERT_FALSE(previews.empty());
  for (const std::string& preview : previews) EXPECT_EQ(signature_of(preview).state, SignatureState::trusted);
}

TEST(PictureMarker, RefusesKeysThatAreNamedAndMissing) {
  const LedgerFolder folder;
  EXPECT_FALSE(PictureMarker::open({.signing = folder.path() / "none"}, kTestTime));
  EXPECT_FALSE(PictureMarker::open({.sign = false, .watermark_key = folder.path() / "none.key"}, kTestTime));
}

}  // namespace
}  // namespace limner
