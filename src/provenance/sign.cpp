#include "provenance/sign.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/crypto.h"
#include "base/json.h"
#include "provenance/carrier/carrier.h"
#include "provenance/manifest/write_manifest.h"
#include "provenance/signer.h"

namespace limner {
namespace {

constexpr size_t kOriginBytesMax = 1024;

// Where it is not, JSON's writer puts in replacement characters.
bool is_utf8(const std::string& text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace) ==
         Json(text).dump(-1, ' ', false, Json::error_handler_t::ignore);
}

Result<void> check_origin(const PictureOrigin& origin) {
  const std::string parent_title = origin.parent ? origin.parent->title : "";
  const std::pair<const char*, const std::string*> texts[] = {{"id", &origin.id},
                                                              {"title", &origin.title},
                                                              {"provider", &origin.provider},
                                                              {"model", &origin.model},
                                                              {"model_sha256", &origin.model_sha256},
                                                              {"parent", &parent_title}};
  for (const auto& [field, text] : texts)
    if (!is_utf8(*text)) {
      return invalid(field, "not UTF-8");
    } else if (text->size() > kOriginBytesMax) {
      return Error{Code::too_large, field,
                   fmt::format("has {} bytes; a manifest takes {}", text->size(), kOriginBytesMax), ""};
    }
  return {};
}

PictureOrigin completed(PictureOrigin origin, const Signer& signer) {
  if (origin.id.empty()) origin.id = "urn:uuid:" + uuid_text(signer.random(16));
  if (origin.provider.empty()) origin.provider = signer.organisation();
  if (origin.time == 0) origin.time = signer.now();
  return origin;
}

ManifestDraft draft_of(const PictureOrigin& origin, const Signer& signer) {
  ManifestDraft draft;
  draft.label = "urn:c2pa:" + uuid_text(signer.random(16));
  draft.instance_id = "xmp:iid:" + uuid_text(signer.random(16));
  draft.title = origin.title;
  std::optional<Assertion> parent;
  if (origin.parent) {
    const std::optional<KeptManifests> kept = keep_manifests(*origin.parent, signer.now());
    parent = make_assertion(kIngredientLabel, ingredient_content(*origin.parent, kept ? &*kept : nullptr));
    if (kept) draft.kept = kept->boxes;
  }
  draft.assertions.push_back(
      make_assertion(kActionsLabel, actions_content(origin, parent ? &*parent : nullptr)));
  if (parent) draft.assertions.push_back(*parent);
  if (origin.watermark)
    draft.assertions.push_back(make_assertion(kSoftBindingLabel, soft_binding_content(*origin.watermark)));
  draft.assertions.push_back(make_assertion(kDisclosureLabel, disclosure_content(origin)));
  return draft;
}

std::string hash_around(const CarryingFile& carrying) {
  std::string rest = carrying.file.substr(0, carrying.start);
  rest += std::string_view(carrying.file).substr(carrying.start + carrying.length);
  return sha256_bytes(rest);
}

}  // namespace

bool can_carry_manifest(Format format) { return format != Format::avif; }

namespace {

// The file with the draft in it. The binding names the range where the store lies and the hash of what lies
// around it: both follow from the store's size, so a store of that size goes in first.
Result<std::string> signed_with(const std::string& file, Format format, const Signer& signer,
                                const ManifestDraft& draft, size_t room) {
  const std::string blank = signer.blank_signature(room);
  const HardBinding unknown{0, 0, std::string(32, '\0')};
  const auto keep_blank = [&](std::string_view) -> Result<std::string> { return blank; };
  const std::string placeholder = TRY(write_store(draft, unknown, blank, keep_blank));
  const CarryingFile around = TRY(carry_store(format, file, placeholder));
  const HardBinding binding{around.start, around.length, hash_around(around)};
  const std::string store = TRY(write_store(
      draft, binding, blank, [&](std::string_view claim) { return signer.sign_claim(claim, room); }));
  LIMNER_CHECK(store.size() == placeholder.size(), "a manifest's size does not depend on its numbers");
  CarryingFile carrying = TRY(carry_store(format, file, store));
  return std::move(carrying.file);
}

// Once more if the room was too small: the answer says how much it has to be.
Result<std::string> stamped_with(const std::string& file, Format format, const Signer& signer,
                                 const ManifestDraft& draft) {
  Result<std::string> stamped = signed_with(file, format, signer, draft, signer.stamp_room());
  if (!stamped && stamped.error().field == "time stamp" && stamped.error().code == Code::too_large)
    stamped = signed_with(file, format, signer, draft, signer.stamp_room());
  return stamped;
}

}  // namespace

Result<std::string> sign_picture(std::string file, Format format, const Signer& signer,
                                 const PictureOrigin& given) {
  TRY(signer.check_dates());
  TRY(check_origin(given));
  const ManifestDraft draft = draft_of(completed(given, signer), signer);
  const TimeStamping& stamping = signer.stamping();
  if (!stamping.ask || !given.stamped) return signed_with(file, format, signer, draft, 0);
  // What is wrong with the file is not the authority's fault, and is found before it is asked.
  Result<std::string> plain = signed_with(file, format, signer, draft, 0);
  if (!plain) return plain;
  Result<std::string> stamped = stamped_with(file, format, signer, draft);
  if (stamping.told) stamping.told(stamped ? nullptr : &stamped.error());
  return stamped || stamping.required ? stamped : plain;
}

}  // namespace limner
