#pragma once
// Where a manifest store lies in a picture's file (C2PA 2.4, appendix A.3): finding it and putting one in.

#include <string>
#include <string_view>

#include "base/result.h"
#include "image/format.h"

namespace limner {

/// A store of at most so many bytes is read.
inline constexpr size_t kStoreBytesMax = 16u << 20;

/// A manifest store in a file, and the bytes of the file that carry it, headers included: the one range that
/// the hash of the file may leave out.
struct CarriedStore {
  std::string store;  ///< empty: the file has none
  size_t start = 0, length = 0;
};

/// The store of the file. A broken container, a store in pieces that do not follow one another, and more than
/// one store are `invalid` with an empty field, as is one above kStoreBytesMax. An AVIF with a store is
/// `unsupported`.
Result<CarriedStore> find_store(Format format, std::string_view file);
Result<CarriedStore> find_png_store(std::string_view file);
Result<CarriedStore> find_jpeg_store(std::string_view file);
Result<CarriedStore> find_webp_store(std::string_view file);

/// A file that carries a store, and where.
struct CarryingFile {
  std::string file;
  size_t start = 0, length = 0;
};

/// `file` with `store`, of an even number of bytes, in it. What lies around it depends on the store's size
/// only. A file that has one already is `conflict`; AVIF is `unsupported`.
Result<CarryingFile> carry_store(Format format, std::string_view file, std::string_view store);
Result<CarryingFile> carry_png_store(std::string_view file, std::string_view store);
Result<CarryingFile> carry_jpeg_store(std::string_view file, std::string_view store);
Result<CarryingFile> carry_webp_store(std::string_view file, std::string_view store);

/// `unsupported` if the AVIF has a C2PA box, which we cannot check.
Result<void> check_avif_has_no_store(std::string_view file);

}  // namespace limner
