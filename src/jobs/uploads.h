#pragma once
// Files that requesters bring: checked, kept, read again.

#include <cstdint>
#include <deque>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "image/codec.h"
#include "ledger/ledger.h"
#include "store/store.h"

namespace limner {

struct UploadLimits {
  size_t picture_bytes_max = 50u << 20;
  size_t lora_bytes_max = 1024u << 20;
  size_t batch_bytes_max = 200u << 20;
  DecodeLimits decode;
};

/// Width and height in pixels.
struct PictureSize {
  int width = 0, height = 0;
};

/// Thread-safe. Decodes one stranger's picture at a time: that bounds the memory they can take.
class UploadKeeper {
 public:
  UploadKeeper(Ledger& ledger, Store& store, const UploadLimits& limits, const Clock& clock);
  /// Checks the bytes by what they are to be ("picture": decodes its header; "lora": a safetensors header;
  /// "batch", "batch_output": any UTF-8 text), puts them into the store, then writes the row. `field` names
  /// them in errors: `too_large` beyond limits, `invalid` or `unsupported` for what is no such thing.
  /// `expires`: 0: never.
  Result<Upload> keep(const std::string& tenant, std::string_view purpose, std::string_view name,
                      std::string_view bytes, std::string_view field, TimeUs expires);
  /// The bytes of an upload or a picture ("file_...", "pic_...") of this tenant; anybody else's is
  /// `not_found`. Bytes that are missing or are not those that were kept are `data_loss`.
  Result<std::string> read(const std::string& tenant, std::string_view id, std::string_view field);
  /// The same, decoded.
  Result<Picture> read_picture(const std::string& tenant, std::string_view id, std::string_view field);
  /// Both: the file as it was brought, and its picture.
  struct Brought {
    std::string file;
    Picture picture;
  };
  Result<Brought> read_brought(const std::string& tenant, std::string_view id, std::string_view field);
  /// Its size, without decoding it where that is known: a drawn picture, or one that was kept or decoded
  /// lately.
  Result<PictureSize> picture_size(const std::string& tenant, std::string_view id, std::string_view field);
  /// Whether it is there, is this tenant's and was kept for `purpose`: the row.
  Result<Upload> find(const std::string& tenant, std::string_view id, std::string_view purpose,
                      std::string_view field);
  /// A LoRA as a file on this machine's disk, for the engine to map: copied into `folder` under its digest
  /// once.
  Result<std::filesystem::path> local_file(const std::string& tenant, std::string_view id,
                                           std::string_view field, const std::filesystem::path& folder);
  /// Deletes an upload or a picture of this tenant: its row, then its object (what then stays behind is swept
  /// away later). `conflict` under a legal hold.
  Result<void> remove(const std::string& tenant, std::string_view id, std::string_view field,
                      const AuditParty& by = {});
  const UploadLimits& limits() const { return limits_; }

 private:
  struct Kept;
  Result<Kept> find_kept(const std::string& tenant, std::string_view id, std::string_view field);
  Result<PictureRow> find_drawn(const std::string& tenant, std::string_view id, std::string_view field);
  Result<std::string> read_kept(const Kept& kept, std::string_view field);
  Result<std::string> check(std::string_view purpose, std::string_view bytes, std::string_view field,
                            PictureSize& size);
  Result<Picture> decode(std::string_view bytes, std::string_view field);
  void remember(const std::string& id, PictureSize size);

  Ledger& ledger_;
  Store& store_;
  UploadLimits limits_;
  const Clock& clock_;
  std::mutex decoding_;
  std::mutex sizes_mutex_;
  std::unordered_map<std::string, PictureSize> sizes_;
  std::deque<std::string> remembered_;  ///< ids in sizes_, the oldest first
};

/// Deletes what UploadKeeper::local_file() put into `folder` and nobody has asked for since so many seconds;
/// who has a file mapped keeps it. What cannot be deleted is left.
void drop_old_files(const std::filesystem::path& folder, double seconds);

}  // namespace limner
