#pragma once
// Pixels to a PNG file.

#include "base/result.h"
#include "image/containers/byte_reader.h"
#include "image/picture.h"

namespace limner {

/// A PNG (W3C PNG, third edition) of 8-bit grey, RGB or RGBA without texts: rows unfiltered, one zlib stream.
/// The same pixels always give the same bytes. `exhausted` where there is no memory for the stream.
Result<Bytes> encode_png(const Picture& picture);

}  // namespace limner
