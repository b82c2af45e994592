#pragma once
// Objects as files of a local folder.

#include <filesystem>
#include <mutex>

#include "store/object_folders.h"
#include "store/store.h"

namespace limner {

/// An object is a file, its key its path below the folder. Files and folders are their owner's only. A file
/// is written and synced under another name, then renamed. What is not an object (symbolic links, devices,
/// other names) is left alone and never seen. Several processes may use one folder.
class LocalStore final : public Store {
 public:
  /// Makes the folder if need be; what crashes left unfinished is removed when it is a day old.
  static Result<std::unique_ptr<Store>> open(const std::filesystem::path& folder, const Clock& clock,
                                             FileCalls* calls = nullptr);

  Result<void> put(std::string_view key, std::span<const std::byte> bytes,
                   std::string_view content_type) override;
  Result<std::string> get(std::string_view key, size_t bytes_max) override;
  Result<ObjectInfo> head(std::string_view key) override;
  Result<void> remove(std::string_view key) override;
  Result<void> list(std::string_view prefix, const std::function<bool(const ObjectInfo&)>& see) override;
  /// Nothing: files are delivered by Limner.
  std::optional<std::string> signed_url(std::string_view key, int seconds) override;
  std::string_view kind() const override { return "local"; }

 private:
  LocalStore(FileHandle root, FileHandle incoming, FileCalls* calls);
  Result<ObjectPlace> give_key(const std::string& incoming_name, std::string_view key);

  SystemFileCalls system_calls_;
  FileCalls& calls_;
  ObjectFolders folders_;
  FileHandle incoming_;
  // Between finding a folder and putting something into it nobody may find it empty and remove it.
  std::mutex folders_mutex_;
};

}  // namespace limner
