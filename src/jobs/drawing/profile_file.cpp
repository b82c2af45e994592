#include "jobs/drawing/profile_file.h"

#include "base/crypto.h"
#include "base/files.h"

namespace limner::drawing {
namespace {

constexpr size_t kBytesMax = 16u << 20;

Result<CostProfile> read(const std::filesystem::path& path) {
  const std::string text = TRY(read_file(path, kBytesMax));
  const Json json = TRY(parse_json(text, "profile"));
  return CostProfile::from_json(json, "profile");
}

}  // namespace

CostProfile read_profile(const std::filesystem::path& path, Log& log) {
  if (path.empty()) return {};
  Result<CostProfile> profile = read(path);
  if (profile) return std::move(profile).value();
  if (profile.error().code != Code::not_found)
    log.warning("profile_not_read", {{"error", profile.error().text()}});
  return {};
}

void write_profile(const std::filesystem::path& path, const CostProfile& profile, Log& log) {
  if (path.empty()) return;
  const std::string text = profile.to_json().dump();
  if (const Result<void> written = write_file_atomically(path, as_bytes(text)); !written)
    log.warning("profile_not_written", {{"error", written.error().text()}});
}

}  // namespace limner::drawing
