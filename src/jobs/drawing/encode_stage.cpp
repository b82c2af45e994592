// Pixels to the file that its requester gets: the mark in the pixels first, then the texts, the manifest
// last.

#include <fmt/format.h>

#include <utility>

#include "base/ids.h"
#include "base/sha256.h"
#include "engine/drawing_file.h"
#include "jobs/drawing/stages.h"
#include "jobs/picture_keys.h"
#include "jobs/picture_marker.h"

namespace limner::drawing {
namespace {

PictureRow row_of(const WorkerContext& context, const DrawnPicture& picture, Format format) {
  const ActiveJob& job = *picture.job;
  PictureRow row;
  row.id = new_id("pic");
  row.job = job.job.id;
  row.tenant = job.job.tenant;
  row.position = picture.picture;
  row.seed = params_of_picture(job.request, picture.picture).seed.value_or(0);
  row.format = format_name(format);
  row.width = picture.pixels.width;
  row.height = picture.pixels.height;
  row.key = picture_key(row.tenant, row.id, row.format);
  row.created = context.parts.clock.now();
  return row;
}

std::string text_at(const Json& json, const char* key) {
  const auto found = json.is_object() ? json.find(key) : json.end();
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// What the manifest says. Files without texts do not tell their model there either.
PictureOrigin origin_of(const DrawnPicture& picture, const PictureRow& row) {
  const ActiveJob& job = *picture.job;
  PictureOrigin origin;
  origin.id = row.id;
  origin.title = row.id + std::string(format_extension(format_from_name(row.format, "format").value()));
  origin.time = row.created;
  if (!job.files.init_file.empty()) origin.parent = ParentPicture{job.request.init, job.files.init_file};
  if (job.request.bare) return origin;
  if (job.request.task == "upscale") {
    // The texts are those of the picture that was brought: its model enlarged nothing.
    origin.model = job.plan()->upscaler.stem().string();
  } else if (const auto model = row.metadata.find("model"); model != row.metadata.end()) {
    origin.model = text_at(*model, "name");
    origin.model_sha256 = text_at(*model, "sha256");
  }
  return origin;
}

Result<std::vector<std::byte>> encoded(const Picture& picture, const FileTexts& texts, const ActiveJob& job,
                                       Format format) {
  return encode_drawing(picture, texts,
                        {.format = format, .quality = job.request.quality, .bare = job.request.bare});
}

// The texts with what was done to the pixels; a picture that came without ours leaves without.
FileTexts texts_with(const FileTexts& texts, const Json& marks, Json& metadata) {
  const bool ours = metadata.is_object();
  if (!ours) metadata = Json::object();
  metadata["marks"] = marks;
  if (!ours) return texts;
  return FileTexts{texts.infotext, metadata.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

// What tells operators of pictures that are marked for nothing, and of prompts that a model knows by heart.
void count_trust(WorkerContext& context, const PictureRow& row) {
  if (!row.metadata.is_object()) return;
  const Json& metadata = row.metadata;
  if (const auto marks = metadata.find("marks"); marks != metadata.end())
    if (const Json& watermark = (*marks)["watermark"]; watermark.value("carried", false))
      if (!watermark.value("readable", false)) context.metrics.unreadable_watermarks.add();
  if (const auto gap = metadata.find("guidance_gap"); gap != metadata.end() && gap->is_number())
    if (const auto model = metadata.find("model"); model != metadata.end())
      context.metrics.guidance_gap.with({text_at(*model, "name")}).observe(gap->get<double>());
}

// Where files are signed, none leaves unmarked: one that carries no manifest needs a watermark that can be
// read.
Result<void> check_marked(const PictureMarker& marker, const PixelMarks& marks, Format format) {
  if (!marker.signs(Format::png) || marker.signs(format) || marks.binding) return {};
  return invalid(
      "format",
      fmt::format("a file of {} carries no manifest, and this picture holds no watermark that could "
                  "be read: it would leave unmarked",
                  format_name(format)),
      "ask for png, jpeg or webp");
}

Result<void> encode_marked(const PictureMarker& marker, DrawnPicture& picture, PictureRow& row,
                           Format format) {
  const ActiveJob& job = *picture.job;
  PixelMarks marks = TRY(marker.mark_pixels(picture.pixels, job.job.id, picture.picture, picture.noise));
  TRY(check_marked(marker, marks, format));
  marks.json["manifest"] = marker.signs(format);
  const FileTexts texts =
      marker.marks() ? texts_with(picture.texts, marks.json, row.metadata) : picture.texts;
  row.mark = std::move(marks.mark);
  PictureOrigin origin = origin_of(picture, row);
  origin.watermark = std::move(marks.binding);
  picture.file = TRY(marker.sign(TRY(encoded(marks.picture, texts, job, format)), format, std::move(origin)));
  return {};
}

}  // namespace

Result<void> encode_file(WorkerContext& context, DrawnPicture& picture) {
  const Format format = TRY(format_from_name(picture.job->request.format, "format"));
  PictureRow row = row_of(context, picture, format);
  if (!picture.texts.json.empty()) row.metadata = TRY(parse_json(picture.texts.json, "metadata"));
  if (const PictureMarker* marker = context.parts.marker)
    TRY(encode_marked(*marker, picture, row, format));
  else
    picture.file = TRY(encoded(picture.pixels, picture.texts, *picture.job, format));
  if (context.parts.marker && context.parts.marker->signs(format))
    context.metrics.provenance_signed.with({std::string(format_name(format))}).add();
  count_trust(context, row);
  row.sha256 = sha256_hex(picture.file);
  row.bytes = picture.file.size();
  picture.row = std::move(row);
  return {};
}

}  // namespace limner::drawing
