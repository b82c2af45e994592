// limner verify: whether a picture's marks hold, layer by layer. Only what was looked at is printed.

#include "provenance/verify.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "base/files.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/printable.h"
#include "image/codec.h"
#include "provenance/local_chain.h"

namespace limner {
namespace {

constexpr size_t kAnchorBytesMax = 16u << 20;
constexpr int kBelowRequired = 3;

struct VerifyFlags {
  std::string input, require;
  std::vector<std::string> trust;
  bool json = false;
};

// Those named; else the root of this user's own chain, if there is one.
Result<TrustAnchorsPtr> read_anchors(const VerifyFlags& flags) {
  std::vector<std::string> pems;
  for (const std::string& path : flags.trust) pems.push_back(TRY(read_file(path, kAnchorBytesMax)));
  if (flags.trust.empty())
    if (Result<std::string> own = read_file(default_chain_folder() / "root.pem", kAnchorBytesMax))
      pems.push_back(std::move(*own));
  return make_trust_anchors(pems, "trust");
}

const char* outcome_name(SignatureFinding::Outcome outcome) {
  switch (outcome) {
    case SignatureFinding::Outcome::success:
      return "success";
    case SignatureFinding::Outcome::note:
      return "note";
    case SignatureFinding::Outcome::failure:
      return "failure";
  }
  return "failure";
}

Json signature_json(const SignatureReport& report) {
  Json reasons = Json::array();
  for (const SignatureFinding& finding : report.findings)
    reasons.push_back({{"code", finding.code},
                       {"outcome", outcome_name(finding.outcome)},
                       {"about", finding.about},
                       {"message", finding.message}});
  return {{"state", signature_state_name(report.state)}, {"reasons", reasons}, {"claim", report.claim}};
}

void print_signature(const SignatureReport& report) {
  fmt::print("signature: {}\n", signature_state_name(report.state));
  for (const SignatureFinding& finding : report.findings)
    if (finding.outcome != SignatureFinding::Outcome::success)
      fmt::print("  {}: {}\n", finding.code, printable(finding.message));
  if (!report.claim.is_null()) fmt::print("{}\n", printable(json_text(report.claim)));
}

bool below(SignatureState state, const std::string& required) {
  if (required == "trusted") return state != SignatureState::trusted;
  return required == "valid" && state != SignatureState::valid && state != SignatureState::trusted;
}

Result<int> verify(const VerifyFlags& flags) {
  if (!flags.require.empty() && flags.require != "valid" && flags.require != "trusted")
    return invalid("require",
                   fmt::format("\"{}\" is neither valid nor trusted", flags.require.substr(0, 40)));
  const std::string file = TRY(read_file(flags.input, DecodeLimits{}.file_bytes_max));
  const TrustAnchorsPtr anchors = TRY(read_anchors(flags));
  const SignatureReport signature = TRY(verify_picture(file, *anchors, SystemClock().now()));
  // A layer that is not looked at has no key here: "watermark" and "ledger" are to stand beside this one.
  const Json layers = {{"signature", signature_json(signature)}};
  if (flags.json)
    fmt::print("{}\n", json_text(layers));
  else
    print_signature(signature);
  return below(signature.state, flags.require) ? kBelowRequired : 0;
}

}  // namespace

void add_verify(CLI::App& app, CommandSlot& slot) {
  auto flags = std::make_shared<VerifyFlags>();
  CLI::App* command = app.add_subcommand("verify", "Check the signed manifest of a picture");
  command->add_option("input", flags->input, "Picture")->required();
  command
      ->add_option("--trust", flags->trust,
                   "PEM file of roots to believe; may be given several times (default: your own chain's)")
      ->allow_extra_args(false);
  command->add_option("--require", flags->require, "valid or trusted: exit with status 3 below that");
  command->add_flag("--json", flags->json, "Print JSON");
  command->callback([flags, &slot] { slot.run = [flags] { return verify(*flags); }; });
}

}  // namespace limner
