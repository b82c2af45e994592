#include "store/local_list.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "store/folder_entries.h"
#include "store/object_folders.h"

namespace limner {
namespace {

class Walk {
 public:
  Walk(std::string_view prefix, const std::function<bool(const ObjectInfo&)>& see)
      : prefix_(prefix), see_(see) {}

  // Everything below the open folder `descriptor`, whose keys begin with `path`: "" or "a/b/". False if `see`
  // had enough. As deep as a key has segments.
  Result<bool> visit(int descriptor, const std::string& path) {
    std::vector<FolderEntry> entries = TRY(folder_entries(descriptor));
    std::erase_if(entries, [&](const FolderEntry& entry) { return !matters(entry, path); });
    // Keys are compared as a whole: what lies in "a" comes where "a/" comes, which is after "a.b".
    for (FolderEntry& entry : entries)
      if (entry.is_folder) entry.name += '/';
    std::ranges::sort(entries, {}, &FolderEntry::name);
    for (const FolderEntry& entry : entries) {
      const bool more =
          entry.is_folder ? TRY(enter(descriptor, path, entry.name)) : show(descriptor, path, entry.name);
      if (!more) return false;
    }
    return true;
  }

 private:
  bool matters(const FolderEntry& entry, const std::string& path) const {
    std::string key = path + entry.name;
    if (!is_store_key(key)) return false;
    if (!entry.is_folder) return key.starts_with(prefix_);
    key += '/';
    return key.starts_with(prefix_) || prefix_.starts_with(key);
  }

  Result<bool> enter(int parent, const std::string& path, const std::string& name) {
    const FileHandle folder(::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (folder.valid()) return visit(folder.get(), path + name);
    if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) return true;  // Gone since its name was read.
    return read_error(path + name, errno);
  }

  bool show(int folder, const std::string& path, const std::string& name) {
    struct stat status {};
    if (::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return true;
    return see_({path + name, static_cast<uint64_t>(status.st_size), modified_of(status)});
  }

  const std::string_view prefix_;
  const std::function<bool(const ObjectInfo&)>& see_;
};

}  // namespace

Result<void> list_objects(int root, std::string_view prefix,
                          const std::function<bool(const ObjectInfo&)>& see) {
  TRY(Walk(prefix, see).visit(root, ""));
  return {};
}

}  // namespace limner
