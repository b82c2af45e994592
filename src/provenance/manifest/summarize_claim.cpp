#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/crypto.h"
#include "provenance/manifest/assertions.h"
#include "provenance/manifest/check_manifest.h"

namespace limner {
namespace {

constexpr size_t kShownBytesMax = 1024, kListMax = 64;

std::string shown(std::string_view text) { return std::string(text.substr(0, kShownBytesMax)); }

void put_text(Json& out, const char* name, std::string_view text) {
  if (!text.empty()) out[name] = shown(text);
}

// A date-time string, tagged as CBOR's or bare.
std::string_view date_text(const Cbor* item) {
  if (item && item->is(Cbor::Kind::tag)) item = &item->items[0];
  return item && item->is(Cbor::Kind::text) ? std::string_view(item->string) : std::string_view();
}

Json name_and_version(const Cbor* item) {
  // Version 1 of claims has a list of generators.
  if (item && item->is(Cbor::Kind::array) && !item->items.empty()) item = &item->items[0];
  Json out = Json::object();
  if (!item) return out;
  if (item->is(Cbor::Kind::text)) put_text(out, "name", item->string);
  put_text(out, "name", item->text_at("name"));
  put_text(out, "version", item->text_at("version"));
  return out;
}

Json signer_json(const SignedBy& signed_by) {
  const CertificateSummary& certificate = signed_by.certificate;
  const auto day = [](TimeUs time) {
    return fmt::format("{:%FT%TZ}", fmt::gmtime(static_cast<std::time_t>(time / kSecondUs)));
  };
  Json stamp;
  if (const auto& held = signed_by.time_stamp)
    stamp = {{"time", day(held->time)}, {"authority", shown(held->authority)}, {"trusted", held->trusted}};
  return {{"common_name", shown(certificate.common_name)},
          {"organisation", shown(certificate.organisation)},
          {"issuer", shown(certificate.issuer)},
          {"serial", shown(certificate.serial)},
          {"algorithm", signed_by.algorithm},
          {"valid_from", day(certificate.not_before)},
          {"valid_until", day(certificate.not_after)},
          {"time_stamp", std::move(stamp)}};
}

void add_actions(const Cbor& content, Json& out) {
  const Cbor* actions = content.find("actions", Cbor::Kind::array);
  if (!actions) return;
  for (const Cbor& action : actions->items) {
    if (out["actions"].size() == kListMax) return;
    Json one = Json::object();
    put_text(one, "action", action.text_at("action"));
    put_text(one, "when", date_text(action.find("when")));
    put_text(one, "digital_source_type", action.text_at("digitalSourceType"));
    if (const Cbor* agent = action.find("softwareAgent")) one["software"] = name_and_version(agent);
    if (const Cbor* parameters = action.find("parameters")) {
      put_text(one, "model", parameters->text_at("org.limner.model"));
      put_text(one, "model_sha256", parameters->text_at("org.limner.model_sha256"));
    }
    out["actions"].push_back(std::move(one));
  }
}

void add_ingredient(const Cbor& content, Json& out) {
  if (out["ingredients"].size() == kListMax) return;
  Json one = Json::object();
  put_text(one, "relationship", content.text_at("relationship"));
  put_text(one, "title", content.text_at("dc:title"));
  put_text(one, "format", content.text_at("dc:format"));
  one["has_manifest"] = content.find("activeManifest") || content.find("c2pa_manifest");
  out["ingredients"].push_back(std::move(one));
}

void add_soft_bindings(const Cbor& content, Json& out) {
  const Cbor* blocks = content.find("blocks", Cbor::Kind::array);
  if (!blocks) return;
  for (const Cbor& block : blocks->items) {
    if (out["soft_bindings"].size() == kListMax) return;
    const Cbor* value = block.find("value", Cbor::Kind::bytes);
    out["soft_bindings"].push_back({{"algorithm", shown(content.text_at("alg"))},
                                    {"value", value ? shown(to_hex(value->string)) : std::string()}});
  }
}

Json disclosure_json(const Cbor& content) {
  Json out = Json::object();
  put_text(out, "provider", content.text_at("provider"));
  if (const Cbor* system = content.find("system")) out["system"] = name_and_version(system);
  put_text(out, "time", date_text(content.find("time")));
  put_text(out, "id", content.text_at("id"));
  return out;
}

}  // namespace

Json summarize_claim(const ReadManifest& manifest, const SignedBy& signed_by) {
  Json out = Json::object();
  out["manifest"] = shown(manifest.box->label);
  put_text(out, "title", manifest.claim.text_at("dc:title"));
  put_text(out, "instance_id", manifest.claim.text_at("instanceID"));
  out["generator"] = name_and_version(manifest.claim.find("claim_generator_info"));
  out["signed_by"] = signer_json(signed_by);
  out["actions"] = Json::array();
  out["ingredients"] = Json::array();
  out["soft_bindings"] = Json::array();
  for (const ReadAssertion& assertion : manifest.assertions) {
    if (assertion.is("c2pa.actions") || assertion.is(kActionsLabel)) add_actions(assertion.content, out);
    if (assertion.label().starts_with("c2pa.ingredient")) add_ingredient(assertion.content, out);
    if (assertion.is(kSoftBindingLabel)) add_soft_bindings(assertion.content, out);
    if (assertion.is(kDisclosureLabel)) out["disclosure"] = disclosure_json(assertion.content);
  }
  return out;
}

}  // namespace limner
