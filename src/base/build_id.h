#pragma once
// Which program this is, by its content.

#include <string>

namespace limner {

/// A digest of the program's code as the linker noted it (its build id), and of each loaded library whose
/// file name contains `library`; hexadecimal, in the order of loading. Where the linker noted none, of the
/// program's file. Another build has another one, whatever its file's size and date.
std::string build_id(const std::string& library);

}  // namespace limner
