#pragma once
// libvips, started once and kept on a short leash, and its objects held safely.

#include <vips/vips.h>

#include <cstddef>
#include <memory>
#include <string>

#include "base/result.h"

namespace limner {

/// Starts libvips on the first call of the process: loaders that are not safe for untrusted files blocked,
/// one thread, no cache, silent. Every function that uses libvips calls it first. Thread-safe. Fails if the
/// library does not start.
Result<void> start_libvips();

/// What libvips says went wrong, in one line. Its error buffer is shared by all threads, so the text is for
/// people only.
std::string take_libvips_error();

struct ImageUnref {
  void operator()(VipsImage* image) const { g_object_unref(image); }
};
/// A reference to a libvips image, given back in the end.
using ImageRef = std::unique_ptr<VipsImage, ImageUnref>;

struct MemoryFree {
  void operator()(void* memory) const { g_free(memory); }
};
/// A buffer that libvips allocated.
using VipsMemory = std::unique_ptr<void, MemoryFree>;

}  // namespace limner
