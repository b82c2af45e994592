#pragma once
// The four file formats as containers of text: one reader and one writer each, and the door to all of them.

#include <span>

#include "image/containers/byte_reader.h"
#include "image/file_metadata.h"

namespace limner {

/// Reads the texts out of a file of that format. Bounded by the file's size; a broken structure is `invalid`
/// with an empty field.
Result<FileMetadata> read_container(Format format, std::span<const std::byte> file);
Result<FileMetadata> read_png(std::span<const std::byte> file);
Result<FileMetadata> read_jpeg(std::span<const std::byte> file);
Result<FileMetadata> read_webp(std::span<const std::byte> file);
Result<FileMetadata> read_avif(std::span<const std::byte> file);

/// `invalid`, with an empty field, if a chunk of a PNG claims more bytes than the file has. To be asked
/// before libpng reads the file: it allocates what a chunk claims, up to 2 GB, before it looks for the bytes.
Result<void> check_png_chunks(std::span<const std::byte> file);

/// A copy of `file` with the texts inside. `file` comes from our own encoder, which wrote no metadata; texts
/// are UTF-8 without NUL. Texts that the format cannot hold (JPEG: 64 KB a segment) are `too_large`.
Result<Bytes> write_container(Format format, std::span<const std::byte> file, const FileMetadata& texts);
Result<Bytes> write_png(std::span<const std::byte> file, const FileMetadata& texts);
Result<Bytes> write_jpeg(std::span<const std::byte> file, const FileMetadata& texts);
Result<Bytes> write_webp(std::span<const std::byte> file, const FileMetadata& texts);
Result<Bytes> write_avif(std::span<const std::byte> file, const FileMetadata& texts);

}  // namespace limner
