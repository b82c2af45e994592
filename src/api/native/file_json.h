#pragma once
// An upload as OpenAI's file object.

#include "base/json.h"
#include "ledger/uploads.h"

namespace limner {

/// {"id","object":"file","bytes","created_at","expires_at","filename","purpose","status"}; times in seconds
/// since 1970.
Json file_json(const Upload& upload);

}  // namespace limner
