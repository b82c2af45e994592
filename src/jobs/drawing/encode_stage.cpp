// Pixels to the file that its requester gets.

#include "base/ids.h"
#include "base/sha256.h"
#include "engine/drawing_file.h"
#include "jobs/drawing/stages.h"
#include "jobs/picture_keys.h"

namespace limner::drawing {

Result<void> encode_file(WorkerContext& context, DrawnPicture& picture) {
  const ActiveJob& job = *picture.job;
  const JobRequest& request = job.request;
  const Format format = TRY(format_from_name(request.format, "format"));
  picture.file = TRY(encode_drawing(picture.pixels, picture.texts,
                                    {.format = format, .quality = request.quality, .bare = request.bare}));
  PictureRow& row = picture.row;
  row.id = new_id("pic");
  row.job = job.job.id;
  row.tenant = job.job.tenant;
  row.position = picture.picture;
  row.seed = params_of_picture(request, picture.picture).seed.value_or(0);
  row.sha256 = sha256_hex(picture.file);
  row.bytes = picture.file.size();
  row.format = format_name(format);
  row.width = picture.pixels.width;
  row.height = picture.pixels.height;
  row.key = picture_key(row.tenant, row.id, row.format);
  row.created = context.parts.clock.now();
  if (!picture.texts.json.empty()) row.metadata = TRY(parse_json(picture.texts.json, "metadata"));
  return {};
}

}  // namespace limner::drawing
