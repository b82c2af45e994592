#pragma once
// URLs under which pictures are fetched without a key, for a while; and their bytes.

#include <string>

#include "api/request.h"
#include "api/services.h"
#include "ledger/pictures.h"

namespace limner {

/// "https://host": the configured public URL, else what the request says it came to.
std::string base_url(const Services& services, const Request& request);

/// The store's own signed URL where it has them, else ours:
/// BASE/v1/pictures/ID/bytes?expires=...&signature=...
std::string picture_url(Services& services, const Request& request, const PictureRow& picture);
/// The same, good for `seconds`.
std::string picture_url(Services& services, const Request& request, const PictureRow& picture, int seconds);

/// The file's bytes; its digest is checked. Counts what was sent.
Result<std::string> picture_bytes(Services& services, const PictureRow& picture);
/// The same of picture `index` of an ended job, whose files may still be in memory.
Result<std::string> picture_bytes(Services& services, const JobView& view, size_t index);
/// The two halves of it: reading, and counting so many bytes as sent.
Result<std::string> read_picture_file(Services& services, const PictureRow& picture);
void count_sent(Services& services, const PictureRow& picture, uint64_t bytes);

}  // namespace limner
