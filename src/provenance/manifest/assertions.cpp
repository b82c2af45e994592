#include "provenance/manifest/assertions.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/crypto.h"
#include "base/version.h"
#include "image/digital_source.h"
#include "provenance/jumbf/box.h"

namespace limner {
namespace {

constexpr uint64_t kDateTimeTag = 0;  // RFC 8949, 3.4.1
constexpr size_t kWidestNumber = 9;

Cbor software_agent() {
  return Cbor::map({{"name", Cbor::text("Limner")}, {"version", Cbor::text(kVersion)}});
}

Cbor action(std::string_view name, TimeUs when, std::string_view source) {
  Cbor action = Cbor::map(
      {{"action", Cbor::text(name)}, {"when", date_time(when)}, {"softwareAgent", software_agent()}});
  if (!source.empty()) action.add("digitalSourceType", Cbor::text(source));
  return action;
}

void add_model(Cbor& action, const PictureOrigin& origin) {
  Cbor parameters = Cbor::map();
  if (!origin.model.empty()) parameters.add("org.limner.model", Cbor::text(origin.model));
  if (!origin.model_sha256.empty())
    parameters.add("org.limner.model_sha256", Cbor::text(origin.model_sha256));
  if (!parameters.items.empty()) action.add("parameters", std::move(parameters));
}

size_t encoded_size(size_t number) { return encode_cbor(Cbor::integer(static_cast<int64_t>(number))).size(); }

}  // namespace

Cbor date_time(TimeUs time) {
  return Cbor::tagged(
      kDateTimeTag,
      Cbor::text(fmt::format("{:%FT%TZ}", fmt::gmtime(static_cast<std::time_t>(time / kSecondUs)))));
}

Assertion make_assertion(std::string_view label, const Cbor& content) {
  return {std::string(label), write_superbox("cbor", label, write_box("cbor", encode_cbor(content)))};
}

Cbor hashed_uri(const Assertion& assertion) {
  return Cbor::map({{"url", Cbor::text("self#jumbf=c2pa.assertions/" + assertion.label)},
                    {"hash", Cbor::bytes(sha256_bytes(hashed_part(assertion.superbox)))}});
}

Cbor actions_content(const PictureOrigin& origin, const Assertion* parent) {
  std::vector<Cbor> actions;
  if (parent) {
    actions.push_back(action("c2pa.opened", origin.time, ""));
    actions.back().add("parameters", Cbor::map({{"ingredients", Cbor::array({hashed_uri(*parent)})}}));
    actions.push_back(action("c2pa.edited", origin.time, kCompositeWithTrainedAlgorithmicMedia));
  } else {
    actions.push_back(action("c2pa.created", origin.time, kTrainedAlgorithmicMedia));
  }
  add_model(actions.back(), origin);
  if (origin.watermark) actions.push_back(action("c2pa.watermarked.bound", origin.time, ""));
  return Cbor::map({{"actions", Cbor::array(std::move(actions))}});
}

Cbor ingredient_content(const ParentPicture& parent, const KeptManifests* kept) {
  Cbor ingredient = Cbor::map();
  if (!parent.title.empty()) ingredient.add("dc:title", Cbor::text(parent.title));
  if (const Result<Format> format = sniff_format(as_bytes(parent.file), "parent"))
    ingredient.add("dc:format", Cbor::text(format_media_type(*format)));
  ingredient.add("relationship", Cbor::text("parentOf"));
  if (kept)
    ingredient.add("validationResults", kept->validation_results)
        .add("activeManifest", kept->active_manifest)
        .add("claimSignature", kept->claim_signature);
  return ingredient;
}

Cbor soft_binding_content(const SoftBinding& watermark) {
  const Cbor block = Cbor::map({{"scope", Cbor::map()}, {"value", Cbor::bytes(watermark.value)}});
  return Cbor::map(
      {{"alg", Cbor::text(watermark.algorithm)}, {"blocks", Cbor::array({block})}, {"pad", Cbor::bytes("")}});
}

Cbor disclosure_content(const PictureOrigin& origin) {
  return Cbor::map(
      {{"provider", Cbor::text(origin.provider)},
       {"system", Cbor::map({{"name", Cbor::text("Limner")}, {"version", Cbor::text(kVersion)}})},
       {"time", date_time(origin.time)},
       {"id", Cbor::text(origin.id)}});
}

Cbor hash_data_content(const HardBinding& binding, bool odd) {
  const size_t numbers = encoded_size(binding.start) + encoded_size(binding.length);
  const std::string pad(2 * kWidestNumber - numbers + (odd ? 1 : 0), '\0');
  const Cbor exclusion = Cbor::map({{"start", Cbor::integer(static_cast<int64_t>(binding.start))},
                                    {"length", Cbor::integer(static_cast<int64_t>(binding.length))}});
  return Cbor::map({{"exclusions", Cbor::array({exclusion})},
                    {"name", Cbor::text("jumbf manifest")},
                    {"alg", Cbor::text("sha256")},
                    {"hash", Cbor::bytes(binding.hash)},
                    {"pad", Cbor::bytes(pad)}});
}

}  // namespace limner
