#pragma once
// What lies in an open folder.

#include <sys/stat.h>

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace limner {

/// A regular file or a folder. Anything else in a folder is not ours.
struct FolderEntry {
  std::string name;
  bool is_folder = false;
};

/// The entries of the folder that `descriptor` has open (it stays open), in no order. All names are held at
/// once; the folders of a store are as small as its keys make them.
Result<std::vector<FolderEntry>> folder_entries(int descriptor);

/// When a file was last written.
TimeUs modified_of(const struct stat& status);

}  // namespace limner
