#include "store/local_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "store/folder_entries.h"
#include "store/incoming_file.h"
#include "store/local_list.h"
#include "store/object_folders.h"

namespace limner {
namespace {

// No key can have this name.
constexpr const char* kIncoming = ".incoming+";

Result<FileHandle> open_folder(const std::filesystem::path& path) {
  FileHandle folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) return system_error(path, "open", errno);
  return folder;
}

Result<void> make_private_folder(const std::filesystem::path& path) {
  std::error_code error;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  if (error) return system_error(path, "make", error.value());
  if (::mkdir(path.c_str(), kPrivateFolder) != 0 && errno != EEXIST) return system_error(path, "make", errno);
  if (::faccessat(AT_FDCWD, path.c_str(), W_OK | X_OK, AT_EACCESS) != 0)
    return system_error(path, "write into", errno);
  return {};
}

Error key_is_folder(std::string_view key) {
  return {Code::conflict, "store", fmt::format("'{}' is the folder of other objects", key), {}};
}

struct OpenObject {
  FileHandle file;
  struct stat status {};
};

Result<OpenObject> open_object(const ObjectFolders& folders, std::string_view key) {
  const ObjectPlace place = TRY(folders.find(key));
  OpenObject object{FileHandle(::openat(place.folder.get(), place.name.c_str(),
                                        O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC))};
  if (!object.file.valid() && (errno == ENOENT || errno == ELOOP || errno == ENXIO)) return no_object(key);
  if (!object.file.valid() || ::fstat(object.file.get(), &object.status) != 0) return read_error(key, errno);
  if (!S_ISREG(object.status.st_mode)) return no_object(key);
  return object;
}

Result<std::string> read_whole(const OpenObject& object, std::string_view key) {
  std::string bytes(static_cast<size_t>(object.status.st_size), '\0');
  for (size_t filled = 0; filled < bytes.size();) {
    const ssize_t got = ::read(object.file.get(), bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    // Objects do not change: one that is shorter than it was has lost its end.
    if (got <= 0) return read_error(key, got < 0 ? errno : EIO);
    filled += static_cast<size_t>(got);
  }
  return bytes;
}

}  // namespace

LocalStore::LocalStore(FileHandle root, FileHandle incoming, FileCalls* calls)
    : calls_(calls ? *calls : system_calls_),
      folders_(std::move(root), calls_),
      incoming_(std::move(incoming)) {}

Result<std::unique_ptr<Store>> LocalStore::open(const std::filesystem::path& folder, const Clock& clock,
                                                FileCalls* calls) {
  TRY(make_private_folder(folder));
  TRY(make_private_folder(folder / kIncoming));
  FileHandle root = TRY(open_folder(folder));
  FileHandle incoming = TRY(open_folder(folder / kIncoming));
  std::unique_ptr<LocalStore> store(new LocalStore(std::move(root), std::move(incoming), calls));
  remove_old_incoming(store->calls_, store->incoming_.get(), clock.now() - kDayUs);
  return std::unique_ptr<Store>(std::move(store));
}

Result<void> LocalStore::put(std::string_view key, std::span<const std::byte> bytes, std::string_view) {
  TRY(check_store_key(key));
  IncomingFile incoming = TRY(IncomingFile::write(calls_, incoming_.get(), key, bytes));
  const ObjectPlace place = TRY(give_key(incoming.name(), key));
  incoming.was_renamed();
  // The rename is on the disk only once the folder is.
  if (!sync_folder(calls_, place.folder)) return write_error(key, errno);
  return {};
}

Result<ObjectPlace> LocalStore::give_key(const std::string& incoming_name, std::string_view key) {
  const std::lock_guard lock(folders_mutex_);
  Result<ObjectPlace> place = folders_.make(key);
  if (place &&
      calls_.rename(incoming_.get(), incoming_name.c_str(), place->folder.get(), place->name.c_str()) == 0)
    return place;
  const Error error = !place ? place.error() : errno == EISDIR ? key_is_folder(key) : write_error(key, errno);
  folders_.prune(key);
  return error;
}

Result<std::string> LocalStore::get(std::string_view key, size_t bytes_max) {
  TRY(check_store_key(key));
  const OpenObject object = TRY(open_object(folders_, key));
  const auto size = static_cast<uint64_t>(object.status.st_size);
  if (size > bytes_max)
    return Error{
        Code::too_large, "store", fmt::format("'{}' has {} bytes, {} are allowed", key, size, bytes_max), {}};
  return read_whole(object, key);
}

Result<ObjectInfo> LocalStore::head(std::string_view key) {
  TRY(check_store_key(key));
  const OpenObject object = TRY(open_object(folders_, key));
  return ObjectInfo{std::string(key), static_cast<uint64_t>(object.status.st_size),
                    modified_of(object.status)};
}

Result<void> LocalStore::remove(std::string_view key) {
  TRY(check_store_key(key));
  const Result<ObjectPlace> place = folders_.find(key);
  if (!place && place.error().code == Code::not_found) return {};
  if (!place) return place.error();
  if (calls_.remove(place->folder.get(), place->name.c_str(), 0) != 0) {
    // A folder of that name holds other objects; there is none of this key.
    if (errno == ENOENT || errno == EISDIR) return {};
    return write_error(key, errno);
  }
  if (!sync_folder(calls_, place->folder)) return write_error(key, errno);
  const std::lock_guard lock(folders_mutex_);
  folders_.prune(key);
  return {};
}

Result<void> LocalStore::list(std::string_view prefix, const std::function<bool(const ObjectInfo&)>& see) {
  TRY(check_store_prefix(prefix));
  return list_objects(folders_.root(), prefix, see);
}

std::optional<std::string> LocalStore::signed_url(std::string_view, int) { return std::nullopt; }

}  // namespace limner
