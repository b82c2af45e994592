// limner cert: keys and certificates that pictures are signed with.

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/printable.h"
#include "provenance/local_chain.h"

namespace limner {
namespace {

struct CertFlags {
  std::string folder;
  ChainWish wish;
  bool json = false;
};

Result<int> init(const CertFlags& flags) {
  const std::filesystem::path folder = flags.folder;
  TRY(make_chain(folder, flags.wish, SystemClock().now()));
  const std::string root = (folder / "root.pem").string();
  if (flags.json)
    fmt::print("{}\n", json_text({{"root", root},
                                  {"chain", (folder / "chain.pem").string()},
                                  {"key", (folder / "key.pem").string()},
                                  {"algorithm", flags.wish.algorithm}},
                                 kOneLine));
  else
    fmt::print("{}\n", root);
  return 0;
}

}  // namespace

void add_cert(CLI::App& app, CommandSlot& slot) {
  auto flags = std::make_shared<CertFlags>();
  CLI::App* command =
      app.add_subcommand("cert", "Make the key and certificates that pictures are signed with");
  command->require_subcommand(1);
  CLI::App* made = command->add_subcommand("init", "Make a chain of your own: root.pem, chain.pem, key.pem");
  made->add_option("folder", flags->folder, "Folder to make it in")->required();
  made->add_option("--algorithm", flags->wish.algorithm, "es256 or ed25519")->capture_default_str();
  made->add_option("--name", flags->wish.organisation, "Who the pictures are said to come from")
      ->capture_default_str();
  made->add_flag("--json", flags->json, "Print JSON instead of the path of root.pem");
  made->callback([flags, &slot] { slot.run = [flags] { return init(*flags); }; });
}

}  // namespace limner
