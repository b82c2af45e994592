#include "image/containers/containers.h"

namespace limner {

Result<FileMetadata> read_container(Format format, std::span<const std::byte> file) {
  switch (format) {
    case Format::png:
      return read_png(file);
    case Format::jpeg:
      return read_jpeg(file);
    case Format::webp:
      return read_webp(file);
    case Format::avif:
      return read_avif(file);
  }
  return unsupported("", "no such format");
}

Result<Bytes> write_container(Format format, std::span<const std::byte> file, const FileMetadata& texts) {
  switch (format) {
    case Format::png:
      return write_png(file, texts);
    case Format::jpeg:
      return write_jpeg(file, texts);
    case Format::webp:
      return write_webp(file, texts);
    case Format::avif:
      return write_avif(file, texts);
  }
  return unsupported("", "no such format");
}

}  // namespace limner
