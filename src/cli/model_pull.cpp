// limner model pull: a model from a hub.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>

#include "base/files.h"
#include "base/json.h"
#include "base/model_folders.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/printable.h"
#include "cli/progress_line.h"
#include "engine/engine.h"
#include "registry/catalogue.h"
#include "registry/hub.h"

namespace limner {
namespace {

struct PullFlags {
  std::string address, as = "model", token_file, into;
  PullRequest request;
  bool json = false, quiet = false;
};

// hf:ORG/NAME or hf:ORG/NAME@REVISION
Result<void> read_address(const std::string& address, PullRequest& request) {
  constexpr std::string_view kHub = "hf:";
  if (!address.starts_with(kHub))
    return invalid("address", fmt::format("\"{}\" is not hf:ORG/NAME", address.substr(0, 100)),
                   "hf:ORG/NAME@REVISION names a revision; --mirror names another hub");
  request.repository = address.substr(kHub.size());
  const size_t at = request.repository.find('@');
  if (at == std::string::npos) return {};
  request.revision = request.repository.substr(at + 1);
  request.repository.resize(at);
  return {};
}

Result<std::string> read_token(const std::string& file) {
  std::string token;
  if (!file.empty()) {
    token = TRY(read_file(file, 4096));
  } else if (const char* given = std::getenv("HF_TOKEN")) {
    token = given;
  }
  while (!token.empty() && std::isspace(static_cast<unsigned char>(token.back()))) token.pop_back();
  for (const char c : token)
    if (c <= ' ' || c > '~')
      return invalid(file.empty() ? "HF_TOKEN" : "token_file", "does not hold a token",
                     "a token is one word");
  return token;
}

Result<void> can_be_drawn_with(const std::filesystem::path& path) {
  const Result<ModelCard> card = describe(path, {});
  return card ? Result<void>() : card.error();
}

Result<std::filesystem::path> folder_for(const PullFlags& flags) {
  const std::filesystem::path folder =
      flags.into.empty() ? user_models_folder() : std::filesystem::path(flags.into);
  if (flags.as == "model") return folder;
  for (const AdapterKind kind : {AdapterKind::lora, AdapterKind::embedding, AdapterKind::controlnet,
                                 AdapterKind::upscaler, AdapterKind::vae})
    if (std::string(adapter_folder(kind)) == flags.as + "s") return folder / adapter_folder(kind);
  return invalid("as", fmt::format("\"{}\" is not one of: model, lora, embedding, controlnet, upscaler, vae",
                                   flags.as.substr(0, 40)));
}

// Bytes as the progress line counts things.
int mebibytes(uint64_t bytes) { return static_cast<int>(bytes >> 20); }

Result<int> run(const PullFlags& flags) {
  PullRequest request = flags.request;
  TRY(read_address(flags.address, request));
  request.into = TRY(folder_for(flags));
  request.token = TRY(read_token(flags.token_file));
  if (flags.as == "model") request.check = can_be_drawn_with;
  ProgressLine line(flags.quiet || flags.json);
  line.stage(fmt::format("pulling {}", request.repository));
  request.progress = [&line](const std::string&, uint64_t done, uint64_t total) {
    line.update(mebibytes(done), mebibytes(total), "MiB");
    return !interrupted();
  };
  HttpClient http;
  const Pulled pulled = TRY(pull(request, http));
  line.clear();
  if (!flags.json) {
    fmt::print("{}\n", pulled.path.string());
    return 0;
  }
  const Json report = {{"path", pulled.path.string()}, {"repository", request.repository},
                       {"commit", pulled.commit},      {"files", pulled.files},
                       {"bytes", pulled.bytes},        {"resumed_bytes", pulled.resumed_bytes}};
  fmt::print("{}\n", json_text(report, kOneLine));
  return 0;
}

}  // namespace

void add_model_pull(CLI::App& model_command, CommandSlot& slot) {
  auto flags = std::make_shared<PullFlags>();
  CLI::App* command = model_command.add_subcommand("pull", "Fetch a model from a model hub");
  command->add_option("address", flags->address, "hf:ORG/NAME, or hf:ORG/NAME@REVISION")->required();
  command->add_option("--file", flags->request.file,
                      "One .safetensors file of it (a LoRA, a single-file checkpoint) instead of a folder");
  command->add_option("--as", flags->as, "model (default), lora, embedding, controlnet, upscaler or vae");
  command->add_option("--name", flags->request.name, "Name to give it (default: its own)");
  command->add_option("--into", flags->into, "Model folder (default: the user's)");
  command->add_option("--mirror", flags->request.mirror, "Another hub of the same protocol")
      ->capture_default_str();
  command->add_option(
      "--token-file", flags->token_file,
      "File that holds an access token (default: $HF_TOKEN), for repositories that ask who comes");
  command->add_flag("--json", flags->json, "Print JSON");
  command->add_flag("-q,--quiet", flags->quiet, "Say nothing on standard error but errors");
  command->callback([flags, &slot] { slot.run = [flags] { return run(*flags); }; });
}

}  // namespace limner
