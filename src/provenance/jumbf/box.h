#pragma once
// JUMBF (ISO/IEC 19566-5): labelled boxes in boxes, the container of C2PA's manifest store.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace limner {

/// A content box: four letters and bytes. Borrowed.
struct JumbfContent {
  std::string_view type;  ///< "cbor", "json", "bidb", ...
  std::string_view bytes;
};

/// A superbox: a description, and contents or further superboxes. Borrows the bytes it was read from.
struct Jumbf {
  std::string_view kind;   ///< of C2PA's own types the four letters: "c2ma"; of others all 16 bytes
  std::string_view label;  ///< empty if it has none
  std::string_view bytes;  ///< behind the 8 bytes of size and type: what a hashed URI's hash covers
  std::vector<JumbfContent> contents;
  std::vector<Jumbf> boxes;

  /// The first superbox of that label; null if there is none.
  const Jumbf* find(std::string_view child_label) const;
  /// The bytes of the only content box if it is of that type; empty otherwise.
  std::string_view only_content(std::string_view type) const;
};

/// What a stranger's store may hold at most.
inline constexpr int kJumbfDepthMax = 16;
inline constexpr size_t kJumbfBoxesMax = 4096;

/// Reads the one superbox that `bytes` are. A box that runs past its parent, lacks a description, or carries
/// a 64-bit or open-ended size; deeper or more than the limits; two siblings of one label: `invalid` with
/// `field`.
Result<Jumbf> read_jumbf(std::string_view bytes, std::string_view field);

/// A content box.
std::string write_box(std::string_view type, std::string_view bytes);

/// A superbox of the type UUID that begins with the four letters `kind`, which can be asked for by its label.
std::string write_superbox(std::string_view kind, std::string_view label, std::string_view contents);

/// What a hashed URI's hash covers of a superbox that write_superbox() made.
inline std::string_view hashed_part(std::string_view superbox) { return superbox.substr(8); }

}  // namespace limner
