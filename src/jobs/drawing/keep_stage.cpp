// The file into the store. The ledger's row follows with the end of the job: a row never points to nothing.

#include "image/format.h"
#include "jobs/drawing/persist.h"
#include "jobs/drawing/stages.h"

namespace limner::drawing {

Result<void> keep_file(WorkerContext& context, DrawnPicture& picture) {
  const Format format = TRY(format_from_name(picture.row.format, "format"));
  return persist(context, "keep", context.config.store_patience_seconds, [&] {
    return context.parts.store.put(picture.row.key, picture.file, format_media_type(format));
  });
}

}  // namespace limner::drawing
