#include "jobs/uploads.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/crypto.h"
#include "base/files.h"
#include "base/ids.h"
#include "base/sha256.h"
#include "image/format.h"
#include "jobs/lora_upload.h"
#include "jobs/picture_keys.h"
#include "jobs/plain_text.h"
#include "jobs/policy_desk.h"

namespace limner {
namespace {

constexpr size_t kUploadNameBytesMax = 255;
constexpr size_t kSizesMax = 10'000;

Error nobodys_file(std::string_view id, std::string_view field) {
  return not_found(std::string(field), fmt::format("{} is not there", shown(std::string(id))),
                   "it was never there, is over, or is another's");
}

Error lost(std::string_view id, std::string_view field, std::string_view what) {
  return Error{Code::data_loss, std::string(field), fmt::format("the bytes of {} {}", id, what), ""};
}

Result<void> check_size(size_t bytes, size_t bytes_max, std::string_view field) {
  if (bytes <= bytes_max) return {};
  return Error{Code::too_large, std::string(field),
               fmt::format("{} bytes; at most {} are kept", bytes, bytes_max), ""};
}

// A name is for showing only: the last part of a path, without what would upset a listing.
std::string showable_name(std::string_view name) {
  const size_t slash = name.find_last_of("/\\");
  if (slash != name.npos) name.remove_prefix(slash + 1);
  return name.size() <= kUploadNameBytesMax && is_plain_text(name) ? std::string(name) : std::string();
}

}  // namespace

/// An object that an id stands for.
struct UploadKeeper::Kept {
  std::string id, key, sha256;
  uint64_t bytes = 0;
  Standing standing = Standing::passed;
};

UploadKeeper::UploadKeeper(Ledger& ledger, Store& store, const UploadLimits& limits, const Clock& clock)
    : ledger_(ledger), store_(store), limits_(limits), clock_(clock) {}

Result<Picture> UploadKeeper::decode(std::string_view bytes, std::string_view field) {
  const std::lock_guard lock(decoding_);
  return decode_picture(as_bytes(bytes), field, limits_.decode);
}

void UploadKeeper::remember(const std::string& id, PictureSize size) {
  const std::lock_guard lock(sizes_mutex_);
  if (!sizes_.emplace(id, size).second) return;
  remembered_.push_back(id);
  if (remembered_.size() <= kSizesMax) return;
  sizes_.erase(remembered_.front());
  remembered_.pop_front();
}

// The content type, where the bytes are what `purpose` says.
Result<std::string> UploadKeeper::check(std::string_view purpose, std::string_view bytes,
                                        std::string_view field, PictureSize& size) {
  if (purpose == "picture") {
    TRY(check_size(bytes.size(), limits_.picture_bytes_max, field));
    const Picture picture = TRY(decode(bytes, field));
    size = {picture.width, picture.height};
    return std::string(format_media_type(TRY(sniff_format(as_bytes(bytes), field))));
  }
  if (purpose == "lora") {
    TRY(check_size(bytes.size(), limits_.lora_bytes_max, field));
    TRY(check_lora_bytes(bytes, field));
    return std::string("application/octet-stream");
  }
  if (purpose == "batch" || purpose == "batch_output") {
    if (purpose == "batch") TRY(check_size(bytes.size(), limits_.batch_bytes_max, field));
    if (!is_valid_utf8(bytes)) return invalid(std::string(field), "is not UTF-8 text");
    return std::string("application/jsonl");
  }
  return invalid("purpose",
                 fmt::format("{} is not one of picture, lora, batch", shown(std::string(purpose))));
}

Result<Upload> UploadKeeper::keep(const std::string& tenant, std::string_view purpose, std::string_view name,
                                  std::string_view bytes, std::string_view field, TimeUs expires) {
  Upload upload;
  PictureSize size;
  upload.content_type = TRY(check(purpose, bytes, field, size));
  upload.id = new_id("file");
  upload.tenant = tenant;
  upload.purpose = purpose;
  upload.name = showable_name(name);
  upload.sha256 = sha256_hex(as_bytes(bytes));
  upload.bytes = bytes.size();
  upload.key = upload_key(tenant, upload.id);
  upload.created = clock_.now();
  upload.expires = expires;
  // The object first: a row never points to nothing. An object without a row is swept away later.
  TRY(store_.put(upload.key, as_bytes(bytes), upload.content_type));
  TRY(ledger_.uploads().create(upload));
  if (purpose == "picture") remember(upload.id, size);
  return upload;
}

Result<UploadKeeper::Kept> UploadKeeper::find_kept(const std::string& tenant, std::string_view id,
                                                   std::string_view field) {
  if (is_id(id, "file")) {
    const Upload upload = TRY(find(tenant, id, "", field));
    return Kept{upload.id, upload.key, upload.sha256, upload.bytes};
  }
  const PictureRow picture = TRY(find_drawn(tenant, id, field));
  return Kept{picture.id, picture.key, picture.sha256, picture.bytes, picture.standing};
}

Result<PictureRow> UploadKeeper::find_drawn(const std::string& tenant, std::string_view id,
                                            std::string_view field) {
  if (!is_id(id, "pic")) return nobodys_file(id, field);
  Result<PictureRow> picture = ledger_.pictures().find(id);
  if (!picture && picture.error().code != Code::not_found) return picture;
  if (!picture || picture->tenant != tenant || picture->deleted != 0) return nobodys_file(id, field);
  return picture;
}

Result<std::string> UploadKeeper::read_kept(const Kept& kept, std::string_view field) {
  Result<std::string> bytes = store_.get(kept.key, kept.bytes);
  if (!bytes) {
    if (bytes.error().code == Code::not_found) return lost(kept.id, field, "are gone");
    if (bytes.error().code == Code::too_large) return lost(kept.id, field, "are more than were kept");
    return std::move(bytes).error();
  }
  if (sha256_hex(as_bytes(*bytes)) != kept.sha256)
    return lost(kept.id, field, "are not those that were kept");
  return bytes;
}

Result<Upload> UploadKeeper::find(const std::string& tenant, std::string_view id, std::string_view purpose,
                                  std::string_view field) {
  if (!is_id(id, "file")) return nobodys_file(id, field);
  Result<Upload> upload = ledger_.uploads().find(id);
  if (!upload && upload.error().code != Code::not_found) return upload;
  if (!upload || upload->tenant != tenant) return nobodys_file(id, field);
  if (!purpose.empty() && upload->purpose != purpose)
    return invalid(std::string(field),
                   fmt::format("{} was uploaded as {}, not as {}", id, upload->purpose, purpose),
                   "upload it again for that purpose");
  return upload;
}

Result<std::string> UploadKeeper::read(const std::string& tenant, std::string_view id,
                                       std::string_view field) {
  const Kept kept = TRY(find_kept(tenant, id, field));
  TRY(check_standing(kept.standing));
  return read_kept(kept, field);
}

Result<void> UploadKeeper::remove(const std::string& tenant, std::string_view id, std::string_view field,
                                  const AuditParty& by) {
  const Kept kept = TRY(find_kept(tenant, id, field));
  if (is_id(id, "pic"))
    TRY(ledger_.pictures().mark_deleted(id, clock_.now(), by));
  else
    TRY(ledger_.uploads().mark_deleted(id, clock_.now(), by));
  return store_.remove(kept.key);
}

Result<UploadKeeper::Brought> UploadKeeper::read_brought(const std::string& tenant, std::string_view id,
                                                         std::string_view field) {
  Brought brought{TRY(read(tenant, id, field)), {}};
  brought.picture = TRY(decode(brought.file, field));
  remember(std::string(id), {brought.picture.width, brought.picture.height});
  return brought;
}

Result<Picture> UploadKeeper::read_picture(const std::string& tenant, std::string_view id,
                                           std::string_view field) {
  Brought brought = TRY(read_brought(tenant, id, field));
  return std::move(brought.picture);
}

Result<PictureSize> UploadKeeper::picture_size(const std::string& tenant, std::string_view id,
                                               std::string_view field) {
  if (is_id(id, "pic")) {
    const PictureRow picture = TRY(find_drawn(tenant, id, field));
    return PictureSize{picture.width, picture.height};
  }
  const Upload upload = TRY(find(tenant, id, "picture", field));
  {
    const std::lock_guard lock(sizes_mutex_);
    if (const auto known = sizes_.find(upload.id); known != sizes_.end()) return known->second;
  }
  const Picture picture = TRY(read_picture(tenant, id, field));
  return PictureSize{picture.width, picture.height};
}

Result<std::filesystem::path> UploadKeeper::local_file(const std::string& tenant, std::string_view id,
                                                       std::string_view field,
                                                       const std::filesystem::path& folder) {
  const Upload upload = TRY(find(tenant, id, "lora", field));
  const std::filesystem::path path = folder / (upload.sha256 + ".safetensors");
  // A file of that name is whole: it was renamed into place.
  std::error_code missing;
  if (std::filesystem::file_size(path, missing) == upload.bytes && !missing) {
    std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now(), missing);
    return path;
  }
  const std::string bytes = TRY(read_kept(Kept{upload.id, upload.key, upload.sha256, upload.bytes}, field));
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed)
    return Error{Code::unavailable, std::string(field), "the folder for uploaded LoRAs cannot be made", ""};
  TRY(write_file_atomically(path, as_bytes(bytes)));
  return path;
}

void drop_old_files(const std::filesystem::path& folder, double seconds) {
  const auto oldest = std::filesystem::file_time_type::clock::now() -
                      std::chrono::duration_cast<std::filesystem::file_time_type::duration>(
                          std::chrono::duration<double>(seconds));
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code skipped;
    const auto written = entry->last_write_time(skipped);
    if (!skipped && written < oldest) std::filesystem::remove(entry->path(), skipped);
  }
}

}  // namespace limner
