#pragma once
// What an S3 server's refusal means.

#include <string_view>

#include "base/result.h"
#include "net/http_client.h"

namespace limner {

/// Whether the answer to `method` says that it was done. A 200 to a POST may still say otherwise in its body:
/// the end of an upload in parts is answered before it is known.
bool is_s3_success(std::string_view method, const HttpResponse& response);

/// The Error for an answer that is none: by the code in its body where there is one, else by its status.
/// `unavailable` is what may be tried again as it is. `what` was asked: "PUT of 'a/b' in bucket 'pictures'".
Error s3_error(const HttpResponse& response, std::string_view what);

/// The Error where no answer came.
Error s3_no_answer(const Error& reason, std::string_view what);

}  // namespace limner
