#pragma once
// The allowed words of a text, as tables write them: "png|jpeg".

#include <string>
#include <string_view>
#include <vector>

namespace limner {

std::vector<std::string> split_words(std::string_view words);
bool is_one_of(std::string_view words, std::string_view word);
/// "png, jpeg": for messages.
std::string listed(std::string_view words);

}  // namespace limner
