// limner model sign, limner model verify: who answers for a model's files.

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "base/crypto.h"
#include "base/files.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/printable.h"
#include "engine/model_library.h"
#include "provenance/model_signature.h"

namespace limner {
namespace {

struct ModelSigningFlags {
  std::string model;
  std::filesystem::path key, trust, output;
  bool json = false;
};

Result<int> sign_one_model(const ModelSigningFlags& flags) {
  const std::filesystem::path path = TRY(find_model(flags.model));
  const std::filesystem::path output = flags.output.empty() ? model_signature_path(path) : flags.output;
  TRY(check_writable(output));
  const std::string bundle = TRY(sign_model(path, flags.key));
  TRY(write_file_atomically(output, as_bytes(bundle)));
  if (flags.json)
    fmt::print("{}\n", json_text({{"signature", output.string()}}, kOneLine));
  else
    fmt::print("{}\n", output.string());
  return 0;
}

Result<int> verify_one_model(const ModelSigningFlags& flags) {
  const std::filesystem::path path = TRY(find_model(flags.model));
  const ModelTrustPtr trust = TRY(read_model_trust(flags.trust));
  const SignedModel model = TRY(verify_model(path, *trust, SystemClock().now()));
  if (flags.json)
    fmt::print("{}\n", json_text({{"path", path.string()},
                                  {"name", model.name},
                                  {"signed_by", model.signed_by},
                                  {"files", model.files.size()}},
                                 kOneLine));
  else
    fmt::print("{}: {} files, signed by {}\n", path.string(), model.files.size(), printable(model.signed_by));
  return 0;
}

}  // namespace

void add_model_signing(CLI::App& model_command, CommandSlot& slot) {
  auto flags = std::make_shared<ModelSigningFlags>();
  const auto add = [&](const char* name, const char* doc, Result<int> (*run)(const ModelSigningFlags&)) {
    CLI::App* sub = model_command.add_subcommand(name, doc);
    sub->add_option("model", flags->model, "Name or path")->required();
    sub->add_flag("--json", flags->json, "Print JSON");
    sub->callback([&slot, flags, run] { slot.run = [flags, run] { return run(*flags); }; });
    return sub;
  };
  CLI::App* signs =
      add("sign", "Sign a model's files, in the format of OpenSSF's model signing", sign_one_model);
  signs
      ->add_option("--key", flags->key,
                   "Folder of key.pem and chain.pem (limner cert init), or a private key in PEM")
      ->required();
  signs->add_option("-o,--output", flags->output,
                    "File of the signature (default: model.sig in the folder, or beside the file)");
  add("verify", "Check a model's files against the signature that lies with them", verify_one_model)
      ->add_option("--trust", flags->trust, "PEM file of public keys and root certificates")
      ->required();
}

}  // namespace limner
