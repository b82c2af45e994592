#pragma once
// Jobs and pictures as the native API shows them.

#include "api/request.h"
#include "api/services.h"

namespace limner {

/// Everything about a job: what was asked, how it stands, its pictures with signed URLs, what was used.
Json job_json(Services& services, const Request& request, const JobView& view);
/// Without pictures and usage: a line of a listing.
Json job_line_json(const Services& services, const Job& job);
/// {"id","state","position"}.
Json submitted_json(const Job& job, int position);
Json picture_json(Services& services, const Request& request, const PictureRow& picture);
Json job_error_json(const JobError& error);
/// null for an empty text.
Json text_or_null(const std::string& text);
/// Millionths as a number of the currency.
double money_number(int64_t micros);

}  // namespace limner
