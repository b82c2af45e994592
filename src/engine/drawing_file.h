#pragma once
// A drawn picture as a file: the one way in which the command line and the server write it.

#include <cstddef>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "image/format.h"
#include "image/picture.h"

namespace limner {

struct DrawingFileOptions {
  Format format = Format::png;
  int quality = 90;   ///< 1 to 100, for the lossy formats
  bool bare = false;  ///< write no parameters into the file
};

/// The bytes of the file, with IPTC's word for how the picture came to be among its texts: equal pictures,
/// texts and options give equal bytes. Errors as encode_picture().
Result<std::vector<std::byte>> encode_drawing(const Picture& picture, const FileTexts& texts,
                                              const DrawingFileOptions& options);

}  // namespace limner
