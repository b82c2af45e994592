#include "audit/checkpoint.h"

#include <fmt/format.h>

#include <charconv>

#include "audit/merkle_tree.h"
#include "base/crypto.h"

namespace limner {
namespace {

std::string_view take_line(std::string_view& text) {
  const size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

// Decimal, without leading zeros: one number has one text.
Result<uint64_t> read_size(std::string_view text, std::string_view field) {
  uint64_t size = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, size);
  if (text.empty() || error != std::errc() || stop != end || (text[0] == '0' && text.size() > 1))
    return invalid(std::string(field), "its second line is not a number of leaves");
  return size;
}

}  // namespace

std::string sign_checkpoint(uint64_t size, std::string_view root, const NoteSigner& signer) {
  return sign_note(fmt::format("{}\n{}\n{}\n", signer.name(), size, to_base64(root)), signer);
}

Result<Checkpoint> open_checkpoint(std::string_view note, const NoteVerifier& verifier,
                                   std::string_view field) {
  const std::string text = TRY(open_note(note, verifier, field));
  std::string_view rest = text;
  Checkpoint checkpoint;
  checkpoint.origin = take_line(rest);
  if (checkpoint.origin != verifier.name())
    return Error{Code::unauthenticated, std::string(field), "is of another log", {}};
  checkpoint.size = TRY(read_size(take_line(rest), field));
  checkpoint.root = TRY(from_base64(take_line(rest), field, kTreeHashBytes));
  if (checkpoint.root.size() != kTreeHashBytes)
    return invalid(std::string(field), "its third line is not base64 of 32 bytes");
  return checkpoint;
}

}  // namespace limner
