#include "image/file_metadata.h"

#include "image/containers/containers.h"

namespace limner {

Result<FileMetadata> read_file_metadata(std::span<const std::byte> file, std::string_view field) {
  const Format format = TRY(sniff_format(file, field));
  Result<FileMetadata> found = read_container(format, file);
  if (!found) found.error().field = std::string(field);
  return found;
}

}  // namespace limner
