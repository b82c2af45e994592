#pragma once
// The name that git gives to a file's content, by which model hubs name small files.

#include <string>
#include <string_view>

namespace limner {

/// SHA-1 of "blob SIZE\0" and `content`, 40 lower-case hexadecimal digits: `git hash-object`. It tells
/// damaged from whole; against forgers SHA-1 is worth little.
std::string git_blob_sha1(std::string_view content);

}  // namespace limner
