// limner policy: what a policy says of a text or a picture, and which checks there are.

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/data_folder.h"
#include "cli/exit_status.h"
#include "cli/printable.h"
#include "cli/server_store.h"
#include "image/codec.h"
#include "jobs/policy_calibration.h"
#include "policy/gate.h"
#include "policy/standard_policy.h"

namespace limner {
namespace {

struct CheckFlags {
  std::string subject, as = "auto";
  std::optional<std::string> policy;  ///< an empty one is a mistake, and not the wish for none
  bool json = false;
};

Result<Policy> policy_of(const CheckFlags& flags) {
  if (flags.policy) return read_policy(*flags.policy);
  return standard_policy();
}

// Whoever gives the path of a file means the file.
bool is_picture(const CheckFlags& flags) {
  if (flags.as != "auto") return flags.as == "picture";
  std::error_code error;
  return std::filesystem::is_regular_file(flags.subject, error);
}

void print_text(const Verdict& verdict) {
  fmt::print("{} (policy {})\n", outcome_name(verdict.outcome), printable(verdict.policy));
  for (const std::string& reason : verdict.reasons()) fmt::print("  {}\n", printable(reason));
  std::string unchecked;
  for (const CategoryVerdict& category : verdict.categories) {
    if (category.score)
      fmt::print("  {}: {} ({:.2f})\n", category.category, outcome_name(category.outcome), *category.score);
    else
      unchecked += (unchecked.empty() ? "" : ", ") + category.category;
  }
  if (!unchecked.empty()) fmt::print("  unchecked: {}\n", unchecked);
}

Result<int> check(const CheckFlags& flags) {
  const Policy policy = TRY(policy_of(flags));
  const SystemClock clock;
  Verdict verdict;
  if (is_picture(flags)) {
    verdict = check_picture(policy, TRY(read_picture(flags.subject, "input")), clock);
  } else {
    DrawingParams params;
    params.prompt = flags.subject;
    params.prompt_syntax = "a1111";
    verdict = check_prompts(policy, encoded_prompts(params, kStepsUnknown), clock);
  }
  if (flags.json)
    fmt::print("{}\n", json_text(verdict_json(verdict), kOneLine));
  else
    print_text(verdict);
  return exit_status(verdict.outcome);
}

Result<int> list(bool json) {
  Json array = Json::array();
  for (const CheckInfo* check : checks()) {
    const std::string key = fmt::format("{}.{}", check->table(), check->key);
    if (!json) fmt::print("{:<12} {:<20} {}\n", check->name, key, check->doc);
    array.push_back({{"name", check->name}, {"key", key}, {"doc", check->doc}});
  }
  if (json) fmt::print("{}\n", json_text(array));
  return 0;
}

struct CalibrateFlags {
  std::filesystem::path data, config;
  bool json = false;
};

std::string share_text(const CalibrationCount& count) {
  if (count.looked_at == 0) return "none looked at";
  return fmt::format("{} of {} wrongly ({:.0f} %)", count.wrongly, count.looked_at,
                     100.0 * count.wrongly / count.looked_at);
}

void print_calibration(const CalibrationLine& line) {
  fmt::print("policy {}, {}\n", printable(line.policy), verdict_stage_name(line.stage));
  fmt::print("  passed   {}   (a sample: its false negatives)\n", share_text(line.passed));
  fmt::print("  held     {}\n", share_text(line.held));
  fmt::print("  refused  {}   (what was appealed)\n", share_text(line.refused));
  fmt::print("  objecting from a score on:  false positives  false negatives\n");
  for (const ThresholdLine& each : line.thresholds)
    fmt::print("    {:.1f}                      {:>15}  {:>15}\n", each.threshold, each.false_positives,
               each.false_negatives);
}

Result<int> print_calibrations(const CalibrateFlags& flags) {
  const SystemClock clock;
  const OpenedLedger opened = TRY(open_server_ledger(flags.config, flags.data, clock));
  const std::vector<CalibrationLine> lines = TRY(calibrate(opened.ledger->reviews()));
  if (flags.json) {
    fmt::print("{}\n", json_text(calibration_json(lines)));
    return 0;
  }
  if (lines.empty()) fmt::print("nobody has decided anything yet; see /v1/reviews\n");
  for (const CalibrationLine& line : lines) print_calibration(line);
  return 0;
}

}  // namespace

void add_policy(CLI::App& app, CommandSlot& slot) {
  CLI::App* command = app.add_subcommand("policy", "Say what a policy makes of a text or a picture");
  command->require_subcommand(1);
  auto flags = std::make_shared<CheckFlags>();
  CLI::App* checking = command->add_subcommand(
      "check", "Check a prompt or a picture: exit status 0 passes, 3 is refused, 4 is held for a person");
  checking->add_option("input", flags->subject, "A prompt, or the path of a picture")->required();
  checking->add_option_function<std::string>(
      "--policy", [flags](const std::string& path) { flags->policy = path; },
      "Policy file (default: the built-in one)");
  checking->add_option("--as", flags->as, "What the input is: auto, text or picture")
      ->check(CLI::IsMember({"auto", "text", "picture"}));
  checking->add_flag("--json", flags->json, "Print the verdict as JSON");
  checking->callback([flags, &slot] { slot.run = [flags] { return check(*flags); }; });

  auto calibration = std::make_shared<CalibrateFlags>();
  CLI::App* calibrating = command->add_subcommand(
      "calibrate", "How often each policy was wrong, by what reviewers of a server decided");
  add_data_option(*calibrating, calibration->data);
  calibrating->add_option("--config", calibration->config,
                          "Configuration file of the server, where its ledger is encrypted");
  calibrating->add_flag("--json", calibration->json, "Print JSON");
  calibrating->callback(
      [calibration, &slot] { slot.run = [calibration] { return print_calibrations(*calibration); }; });

  auto json = std::make_shared<bool>(false);
  CLI::App* listing = command->add_subcommand("list-checks", "The kinds of checks that a policy may ask for");
  listing->add_flag("--json", *json, "Print JSON");
  listing->callback([json, &slot] { slot.run = [json] { return list(*json); }; });
}

}  // namespace limner
