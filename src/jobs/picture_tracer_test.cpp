// A picture is led back to its row: by its manifest, by its watermark, by its looks.

#include "jobs/picture_tracer.h"

#include <gtest/gtest.h>

#include <random>

#include "base/crypto.h"
#include "image/resize.h"
#include "ledger/ledger_fixture.h"

namespace limner {
namespace {

// Smooth shapes and texture; whole numbers, so that it is the same everywhere.
Picture scene(int side, unsigned seed) {
  Picture picture{side, side, 3, {}};
  picture.pixels.resize(static_cast<size_t>(side) * static_cast<size_t>(side) * 3);
  std::minstd_rand random(seed);
  std::array<int, 12> at{};
  for (int& value : at) value = static_cast<int>(random() % static_cast<unsigned>(side));
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x)
      for (int c = 0; c < 3; ++c) {
        int value = 60 + (x * 40 + y * 20 * (c + 1)) / side;
        for (size_t i = 0; i < at.size(); i += 2) {
          const int dx = x - at[i], dy = y - at[i + 1];
          if (dx * dx + dy * dy < side * side / 30) value += 30;
        }
        picture.row(y)[x * 3 + c] = static_cast<uint8_t>(value + static_cast<int>(random() % 13));
      }
  return picture;
}

std::string encoded(const Picture& picture, Format format = Format::png) {
  const std::vector<std::byte> bytes = encode_picture(picture, {.format = format, .quality = 70}).value();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string as_text(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class PictureTracerTest : public testing::Test {
 protected:
  PictureTracerTest() : clock_(SystemClock().now()) {
    config_.folder = test_.folder.path();
    marker_ = PictureMarker::open(config_, clock_.now()).value();
  }
  PictureTracer tracer() {
    return PictureTracer(
        {known_anchors(config_).value(), known_watermark_keys(config_).value(), test_.ledger.get(), clock_});
  }
  // A job that drew `picture`; its row and its file.
  struct Drawn {
    PictureRow row;
    std::string file;
  };
  Drawn draw(const Picture& picture) {
    Job job = test_.job();
    EXPECT_TRUE(test_->jobs().accept(job, std::nullopt));
    job = test_->jobs().begin(job.id, "me", test_.clock.now() + kSecondUs, test_.clock.now()).value();
    JobEnd end = test_end(job, "me", JobState::stored, test_.clock.now(), 1);
    PictureRow& row = end.pictures.at(0);
    PixelMarks marks = marker_->mark_pixels(picture, job.id, 0).value();
    row.mark = marks.mark;
    const auto file = encode_picture(marks.picture, {}).value();
    Drawn drawn{row, as_text(marker_->sign(file, Format::png, {.id = row.id}).value())};
    EXPECT_TRUE(test_->jobs().end(end));
    return drawn;
  }
  PictureTrace traced(const std::string& file) { return tracer().trace(file, {}).value(); }
  static Picture pixels_of(const std::string& file) { return decode_picture(as_bytes(file), "file").value(); }

  TestLedger test_;
  ManualClock clock_;
  MarkingConfig config_;
  std::unique_ptr<PictureMarker> marker_;
};

TEST_F(PictureTracerTest, EveryLayerKnowsAFileAsItLeft) {
  draw(scene(256, 1));
  const Drawn drawn = draw(scene(256, 2));
  const PictureTrace trace = traced(drawn.file);
  EXPECT_EQ(trace.signature.state, SignatureState::trusted);
  ASSERT_TRUE(trace.watermark);
  EXPECT_EQ(trace.watermark->id.value, drawn.row.mark.watermark);
  ASSERT_EQ(trace.ledger.size(), 1u);
  EXPECT_EQ(trace.ledger[0].picture.id, drawn.row.id);
  EXPECT_EQ(trace.ledger[0].model, "limner-tiny");
  EXPECT_TRUE(trace.ledger[0].by_manifest && trace.ledger[0].by_watermark);
  EXPECT_EQ(trace.ledger[0].distance, 0);
  EXPECT_TRUE(trace.unchecked.empty());
}

TEST_F(PictureTracerTest, StrippedAndCompressedItIsKnownByPixelsAndLooks) {
  const Drawn drawn = draw(scene(256, 3));
  const PictureTrace trace = traced(encoded(pixels_of(drawn.file), Format::jpeg));
  EXPECT_EQ(trace.signature.state, SignatureState::absent);
  ASSERT_EQ(trace.ledger.size(), 1u);
  EXPECT_FALSE(trace.ledger[0].by_manifest);
  EXPECT_TRUE(trace.ledger[0].by_watermark);
  EXPECT_TRUE(trace.ledger[0].distance);
}

// So small the watermark is read with some keys and not with others; its looks do not depend on that.
TEST_F(PictureTracerTest, SmallItIsKnownByItsLooks) {
  const Drawn drawn = draw(scene(256, 4));
  const Picture small = resize(pixels_of(drawn.file), 100, 100, ResizeFilter::bilinear).value();
  const PictureTrace trace = traced(encoded(small));
  ASSERT_EQ(trace.ledger.size(), 1u);
  EXPECT_EQ(trace.ledger[0].picture.id, drawn.row.id);
  EXPECT_TRUE(trace.ledger[0].distance);
  EXPECT_FALSE(trace.ledger[0].by_manifest);
}

TEST_F(PictureTracerTest, AStrangersPictureIsNotKnown) {
  draw(scene(256, 5));
  const PictureTrace trace = traced(encoded(scene(256, 6)));
  EXPECT_EQ(trace.signature.state, SignatureState::absent);
  EXPECT_FALSE(trace.watermark);
  EXPECT_TRUE(trace.ledger.empty());
}

TEST_F(PictureTracerTest, AManifestOfAnotherSignerLeadsNowhere) {
  const Drawn drawn = draw(scene(256, 7));
  const LedgerFolder elsewhere;
  const auto stranger = PictureMarker::open({.folder = elsewhere.path()}, clock_.now()).value();
  const auto plain = encode_picture(scene(256, 8), {}).value();
  const PictureTrace trace =
      traced(as_text(stranger->sign(plain, Format::png, {.id = drawn.row.id}).value()));
  EXPECT_EQ(trace.signature.state, SignatureState::valid);
  EXPECT_TRUE(trace.ledger.empty()) << "anybody can write our ids into a manifest";
}

TEST_F(PictureTracerTest, ADeletedPictureIsStillKnown) {
  const Drawn drawn = draw(scene(256, 9));
  ASSERT_TRUE(test_->pictures().mark_deleted(drawn.row.id, test_.clock.now()));
  const PictureTrace trace = traced(drawn.file);
  ASSERT_EQ(trace.ledger.size(), 1u);
  EXPECT_NE(trace.ledger[0].picture.deleted, 0);
}

TEST_F(PictureTracerTest, SaysWhatItCouldNotAsk) {
  PictureTracer nothing({known_anchors(config_).value(), {}, nullptr, clock_});
  const PictureTrace trace = nothing.trace(encoded(scene(256, 10)), {}).value();
  EXPECT_TRUE(trace.unchecked.contains("watermark"));
  EXPECT_TRUE(trace.unchecked.contains("ledger"));
  const Picture flat{256, 256, 3, std::vector<uint8_t>(256 * 256 * 3, 90)};
  EXPECT_TRUE(traced(encoded(flat)).unchecked.contains("likeness"));
  std::string cut = draw(scene(256, 11)).file;
  cut[cut.size() - 40] ^= 1;
  const PictureTrace broken = traced(cut);
  EXPECT_EQ(broken.signature.state, SignatureState::invalid);
  EXPECT_TRUE(broken.ledger.empty());
  EXPECT_FALSE(tracer().trace("no picture", {}));
}

TEST_F(PictureTracerTest, AnIdReadFromTheNoiseLeadsToTheLedgerToo) {
  const Drawn drawn = draw(scene(256, 15));
  const std::string redrawn = encoded(scene(256, 16));
  Result<std::optional<NoiseReading>> answer = std::optional(
      NoiseReading{1e-9, 5, WatermarkId{drawn.row.mark.watermark}, drawn.row.mark.watermark_bits});
  PictureTracer::Parts parts{known_anchors(config_).value(), {}, test_.ledger.get(), clock_};
  parts.read_noise = [&](const Picture&) { return answer; };
  PictureTracer asks(std::move(parts));
  const PictureTrace trace = asks.trace(redrawn, {}).value();
  ASSERT_EQ(trace.ledger.size(), 1u);
  EXPECT_EQ(trace.ledger[0].picture.id, drawn.row.id);
  EXPECT_TRUE(trace.ledger[0].by_noise && !trace.ledger[0].by_watermark);

  answer = std::optional(NoiseReading{1e-9, 5, std::nullopt, 0});
  const PictureTrace unread = asks.trace(redrawn, {}).value();
  EXPECT_TRUE(unread.noise && unread.ledger.empty());
  answer = Error{Code::unsupported, "size", "is none that this model draws", ""};
  EXPECT_TRUE(asks.trace(redrawn, {}).value().unchecked.contains("noise_watermark"));
}

TEST_F(PictureTracerTest, ReadsHashesThatCameLater) {
  PictureTracer one = tracer();
  const std::string unknown = encoded(scene(256, 12), Format::jpeg);
  EXPECT_TRUE(one.trace(unknown, {}).value().ledger.empty());
  draw(scene(256, 12));
  EXPECT_EQ(one.trace(unknown, {}).value().ledger.size(), 1u);
}

TEST_F(PictureTracerTest, TheIndexKeepsTheNewest) {
  const Drawn first = draw(scene(256, 13)), second = draw(scene(256, 14));
  PictureHashIndex index(*test_.ledger, 1);
  EXPECT_TRUE(index.near(pdq_hashes(pixels_of(first.file)), 5).value().empty());
  EXPECT_EQ(index.near(pdq_hashes(pixels_of(second.file)), 5).value().size(), 1u);
}

}  // namespace
}  // namespace limner
