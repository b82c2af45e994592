// limner inspect: how a picture says it was drawn.

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "base/files.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/printable.h"
#include "image/codec.h"
#include "image/file_metadata.h"

namespace limner {
namespace {

Result<int> inspect(const std::string& path, bool json) {
  const std::string file = TRY(read_file(path, DecodeLimits{}.file_bytes_max));
  const FileMetadata metadata = TRY(read_file_metadata(std::as_bytes(std::span(file)), "input"));
  if (metadata.infotext.empty() && metadata.limner_json.empty())
    return not_found("input", fmt::format("{} has no parameters in it", path));
  Json limner;
  if (!metadata.limner_json.empty())
    limner = TRY(parse_json(metadata.limner_json, "input", {.bytes_max = 1u << 20}));
  if (json) {
    Json out = Json::object();
    if (!metadata.infotext.empty()) out["infotext"] = metadata.infotext;
    if (!limner.is_null()) out["limner"] = limner;
    fmt::print("{}\n", json_text(out));
    return 0;
  }
  if (!metadata.infotext.empty()) fmt::print("{}\n", printable(metadata.infotext));
  if (!limner.is_null()) fmt::print("\n{}\n", json_text(limner));
  return 0;
}

}  // namespace

void add_inspect(CLI::App& app, CommandSlot& slot) {
  auto input = std::make_shared<std::string>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("inspect", "Print the parameters kept in a picture's file");
  command->add_option("input", *input, "Picture")->required();
  command->add_flag("--json", *json, "Print JSON");
  command->callback([input, json, &slot] { slot.run = [input, json] { return inspect(*input, *json); }; });
}

}  // namespace limner
