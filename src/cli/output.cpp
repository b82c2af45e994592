#include "cli/output.h"

#include <fmt/format.h>

#include "base/files.h"
#include "engine/drawing_file.h"

namespace limner {
namespace {

namespace fs = std::filesystem;

fs::path numbered(const fs::path& path, int number) {
  fs::path result = path.parent_path() / path.stem();
  result += fmt::format("-{}", number);
  result += path.extension();
  return result;
}

// A default name never overwrites: the next free number is taken.
fs::path free_path(const std::string& stem, std::string_view extension) {
  std::error_code error;
  fs::path path = stem + std::string(extension);
  for (int i = 2; fs::exists(path, error); ++i) path = fmt::format("{}-{}{}", stem, i, extension);
  return path;
}

}  // namespace

Result<OutputPlan> plan_output(const OutputFlags& flags, uint64_t first_seed, int count) {
  OutputPlan plan{{}, Format::png};
  if (!flags.format.empty())
    plan.format = TRY(format_from_name(flags.format, "format"));
  else if (!flags.path.empty())
    plan.format = TRY(format_from_extension(flags.path, "output"));
  if (flags.quality < 1 || flags.quality > 100)
    return invalid("quality", fmt::format("{} is not within 1 to 100", flags.quality));
  for (int i = 0; i < count; ++i) {
    if (flags.path.empty())
      plan.paths.push_back(free_path(fmt::format("limner-{}", first_seed + static_cast<uint64_t>(i)),
                                     format_extension(plan.format)));
    else
      plan.paths.push_back(count == 1 ? fs::path(flags.path) : numbered(flags.path, i + 1));
    TRY(check_writable(plan.paths.back()));
  }
  return plan;
}

Result<void> write_picture(const Picture& picture, const FileTexts& texts, const OutputFlags& flags,
                           Format format, const fs::path& path, const PictureSigning& signing,
                           PictureOrigin origin) {
  const DrawingFileOptions options{.format = format, .quality = flags.quality, .bare = flags.bare};
  origin.title = manifest_title(path);
  const std::vector<std::byte> bytes =
      TRY(signing.sign(TRY(encode_drawing(picture, texts, options)), origin));
  return write_file_atomically(path, bytes);
}

}  // namespace limner
