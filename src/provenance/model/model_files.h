#pragma once
// The files of a model as they lie there. Internal to provenance/.

#include <map>

#include "provenance/model_signature.h"

namespace limner {

/// Names below the folder and where they are, of all regular files but the signature's and those whose path
/// begins with a dot; of a single file, "." and itself. `invalid` for what is no file, and links to folders.
Result<std::map<std::string, std::filesystem::path>> files_of_model(const std::filesystem::path& path);

/// SHA-256 in hexadecimal.
Result<std::string> digest_of_model_file(const std::filesystem::path& path, const BytesRead& read);

}  // namespace limner
