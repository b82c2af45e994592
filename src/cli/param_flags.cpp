#include "cli/param_flags.h"

#include <CLI/CLI.hpp>
#include <algorithm>

namespace limner {

void add_param_flags(CLI::App& app, GivenParams& given) {
  for (const ParamInfo& info : param_table()) {
    if (info.name == "prompt") continue;
    std::string flags = "--" + std::string(info.name);
    std::replace(flags.begin(), flags.end(), '_', '-');
    if (!info.flag_aliases.empty()) flags += "," + std::string(info.flag_aliases);
    std::string doc(info.doc);
    if (!info.words.empty()) doc += " [" + std::string(info.words) + "]";
    app.add_option_function<std::string>(
           flags, [&given, name = std::string(info.name)](const std::string& text) { given[name] = text; },
           doc)
        ->group("Drawing");
  }
}

Result<void> apply_params(const GivenParams& given, DrawingParams& params) {
  for (const auto& [name, text] : given) TRY(set_param(params, *find_param(name), text));
  return {};
}

}  // namespace limner
