#include "audit/audit_event.h"

#include <fmt/format.h>

#include <algorithm>

#include "audit/canonical_json.h"
#include "base/crypto.h"

namespace limner {
namespace {

constexpr size_t kActionBytesMax = 64;
constexpr size_t kLeafBytesMax = 1u << 20;
constexpr std::string_view kNamedKinds[] = {"key", "person", "tenant"};

bool is_action(std::string_view text) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || c == '.' || c == '_'; };
  return !text.empty() && text.size() <= kActionBytesMax && std::ranges::all_of(text, fits);
}

}  // namespace

std::string sealed_hash(std::string_view salt, std::string_view value) {
  return to_hex(hmac_sha256(salt, value));
}

Result<AuditLeaf> encode_leaf(const AuditEvent& event, uint64_t seq, TimeUs time,
                              const std::function<std::string()>& new_salt) {
  if (!is_action(event.action))
    return invalid("action", fmt::format("'{}' is not a word of a log", event.action.substr(0, 100)));
  AuditLeaf leaf;
  const auto seal = [&](const std::string& name, const std::string& value) {
    leaf.sealed.push_back({name, new_salt(), value});
    return sealed_hash(leaf.sealed.back().salt, value);
  };
  const auto party = [&](const std::string& name, const AuditParty& named) {
    Json json = {{"kind", named.kind}};
    if (named.id.empty()) return json;
    if (std::ranges::find(kNamedKinds, named.kind) != std::end(kNamedKinds))
      json["hash"] = seal(name, named.id);
    else
      json["id"] = named.id;
    return json;
  };
  Json json = {{"v", 1}, {"seq", seq}, {"time", time}, {"action", event.action}};
  json["by"] = party("by", event.by);
  json["about"] = party("about", event.about);
  json["details"] = event.details;
  Json sealed = Json::object();
  for (const auto& [name, value] : event.sealed) sealed[name] = seal(name, value);
  json["sealed"] = std::move(sealed);
  leaf.text = TRY(canonical_json(json, "details"));
  if (leaf.text.size() > kLeafBytesMax)
    return Error{
        Code::too_large, "details", fmt::format("make a leaf of more than {} bytes", kLeafBytesMax), {}};
  return leaf;
}

}  // namespace limner
