#include "jobs/picture_tracer.h"

#include <algorithm>
#include <utility>

#include "base/crypto.h"
#include "base/files.h"
#include "base/ids.h"
#include "watermark/key_file.h"

namespace limner {
namespace {

constexpr size_t kMatchesMax = 10;
constexpr size_t kAnchorBytesMax = 1u << 20;

std::string disclosed_id(const SignatureReport& signature) {
  if (signature.state != SignatureState::trusted || !signature.claim.is_object()) return {};
  const Json disclosure = signature.claim.value("disclosure", Json::object());
  const auto id = disclosure.find("id");
  return id != disclosure.end() && id->is_string() ? id->get<std::string>() : std::string();
}

}  // namespace

PictureTracer::PictureTracer(Parts parts) : parts_(std::move(parts)) {
  if (parts_.ledger) hashes_.emplace(*parts_.ledger);
}

Result<PictureTrace> PictureTracer::trace(std::string_view file, const DecodeLimits& limits) {
  PictureTrace trace;
  trace.signature = TRY(verify_picture(file, *parts_.anchors, parts_.clock.now()));
  if (parts_.keys.empty()) trace.unchecked["watermark"] = "there is no key here";
  if (!parts_.ledger) trace.unchecked["ledger"] = "there is no ledger here";
  const Result<Picture> picture = decode_picture(as_bytes(file), "picture", limits);
  if (!picture) {
    for (const char* layer : {"watermark", "likeness"})
      trace.unchecked.emplace(layer, picture.error().message);
    if (parts_.read_noise) trace.unchecked.emplace("noise_watermark", picture.error().message);
  } else {
    read_pixels(*picture, trace);
    read_noise(*picture, trace);
  }
  if (parts_.ledger) TRY(ask_ledger(picture ? *picture : Picture(), trace));
  return trace;
}

void PictureTracer::read_pixels(const Picture& picture, PictureTrace& trace) const {
  for (const WatermarkKey& key : parts_.keys)
    if ((trace.watermark = read_watermark(picture, key))) return;
}

void PictureTracer::read_noise(const Picture& picture, PictureTrace& trace) const {
  if (!parts_.read_noise) return;
  Result<std::optional<NoiseReading>> reading = parts_.read_noise(picture);
  if (reading)
    trace.noise = *reading;
  else
    trace.unchecked["noise_watermark"] = reading.error().text();
}

Result<void> PictureTracer::ask_ledger(const Picture& picture, PictureTrace& trace) {
  TRY(find_by_manifest(trace));
  TRY(find_by_watermark(trace));
  TRY(find_by_noise(trace));
  if (!picture.empty()) TRY(find_by_likeness(picture, trace));
  // Of many with one brief id, those that also look alike are meant.
  std::ranges::stable_sort(trace.ledger, {}, [](const TracedPicture& one) {
    const bool marked = one.by_watermark || one.by_noise;
    return std::pair(!one.by_manifest, std::pair(!(marked && one.distance), !marked));
  });
  if (trace.ledger.size() > kMatchesMax) trace.ledger.resize(kMatchesMax);
  return {};
}

Result<void> PictureTracer::find_by_manifest(PictureTrace& trace) {
  const std::string id = disclosed_id(trace.signature);
  if (!is_id(id, "pic")) return {};
  Result<PictureRow> picture = parts_.ledger->pictures().find(id);
  if (!picture && picture.error().code == Code::not_found) return {};
  TracedPicture* found = TRY(add(TRY(std::move(picture)), trace));
  found->by_manifest = true;
  return {};
}

Result<void> PictureTracer::find_by_watermark(PictureTrace& trace) {
  if (!trace.watermark) return {};
  std::vector<PictureRow> marked = TRY(parts_.ledger->pictures().marked_with(
      trace.watermark->id.value, trace.watermark->id_bits, static_cast<int>(kMatchesMax)));
  for (PictureRow& picture : marked) {
    TracedPicture* found = TRY(add(std::move(picture), trace));
    found->by_watermark = true;
  }
  return {};
}

Result<void> PictureTracer::find_by_noise(PictureTrace& trace) {
  if (!trace.noise || !trace.noise->id) return {};
  std::vector<PictureRow> marked = TRY(parts_.ledger->pictures().marked_with(
      trace.noise->id->value, trace.noise->id_bits, static_cast<int>(kMatchesMax)));
  for (PictureRow& picture : marked) {
    TracedPicture* found = TRY(add(std::move(picture), trace));
    found->by_noise = true;
  }
  return {};
}

Result<void> PictureTracer::find_by_likeness(const Picture& picture, PictureTrace& trace) {
  const PdqHashes hashes = pdq_hashes(TRY(shrunk_for_hash(picture)));
  if (hashes.quality < kPdqQualityMin) {
    trace.unchecked["likeness"] = "the picture is too plain to be told from others";
    return {};
  }
  std::vector<NearPicture> near = TRY(hashes_->near(hashes, kMatchesMax));
  for (NearPicture& one : near) {
    TracedPicture* found = TRY(add(std::move(one.picture), trace));
    found->distance = one.distance;
  }
  return {};
}

// The entry of that picture: the one that is there, or a new one.
Result<TracedPicture*> PictureTracer::add(PictureRow picture, PictureTrace& trace) {
  for (TracedPicture& known : trace.ledger)
    if (known.picture.id == picture.id) return &known;
  const Job job = TRY(parts_.ledger->jobs().find(picture.job));
  TracedPicture traced;
  traced.model = job.drawn_by.empty() ? job.model : job.drawn_by;
  traced.picture = std::move(picture);
  trace.ledger.push_back(std::move(traced));
  return &trace.ledger.back();
}

Result<std::vector<WatermarkKey>> known_watermark_keys(const MarkingConfig& config) {
  Result<WatermarkKey> key = read_watermark_key(watermark_key_path(config));
  if (key) return std::vector<WatermarkKey>{std::move(*key)};
  if (key.error().code == Code::not_found) return std::vector<WatermarkKey>();
  return std::move(key).error();
}

Result<TrustAnchorsPtr> known_anchors(const MarkingConfig& config) {
  std::vector<std::string> pems;
  if (!config.trust.empty()) pems.push_back(TRY(read_file(config.trust, kAnchorBytesMax)));
  const std::filesystem::path own = signing_folder(config) / "root.pem";
  std::error_code ignored;
  if (std::filesystem::exists(own, ignored)) pems.push_back(TRY(read_file(own, kAnchorBytesMax)));
  return make_trust_anchors(pems, "provenance.trust", TRY(time_stamp_roots(config.time_stamp)));
}

}  // namespace limner
