// limner audit: the log of who did what is verified, proved from, taken away and relieved of persons.

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "base/crypto.h"
#include "base/files.h"
#include "cli/data_command.h"
#include "cli/printable.h"
#include "cli/serve_config.h"

namespace limner {
namespace {

constexpr size_t kCheckpointBytesMax = 1u << 20;
constexpr int kPage = 1000;

struct AuditFlags {
  std::filesystem::path data, output;
  std::vector<std::filesystem::path> checkpoints;
  std::string key, id;
  bool sealed = false, json = false;
};

Result<AuditWitness> witness_of(const AuditFlags& flags) {
  AuditWitness witness;
  witness.public_key = flags.key;
  for (const std::filesystem::path& path : flags.checkpoints)
    witness.checkpoints.push_back(TRY(read_file(path, kCheckpointBytesMax)));
  return witness;
}

Json findings_json(const std::vector<Disagreement>& found) {
  Json all = Json::array();
  for (const Disagreement& each : found)
    all.push_back({{"rule", each.rule}, {"row", each.row}, {"text", each.text}});
  return all;
}

Result<int> verify_log(const AuditFlags& flags) {
  const AuditWitness witness = TRY(witness_of(flags));
  std::vector<Disagreement> found;
  const AuditReport report = TRY(verify_audit({ledger_path(flags.data)}, witness, found));
  if (flags.json) {
    fmt::print("{}\n", json_text({{"ok", found.empty()},
                                  {"size", report.size},
                                  {"covered", report.covered},
                                  {"checkpoints", report.checkpoints},
                                  {"keys", report.keys},
                                  {"public_key", report.public_key},
                                  {"root", to_base64(report.root)},
                                  {"disagreements", findings_json(found)}}));
  } else {
    for (const Disagreement& each : found)
      fmt::print("{}: {}: {}\n", each.rule, printable(each.row), printable(each.text));
    if (found.empty())
      fmt::print("whole: {} leaves, {} of them under {} checkpoints of {}\n", report.size, report.covered,
                 report.checkpoints, report.public_key);
  }
  return found.empty() ? 0 : 1;
}

Result<uint64_t> seq_of(Ledger& ledger, const std::string& id) {
  uint64_t seq = 0;
  if (CLI::detail::lexical_cast(id, seq)) return seq;
  const std::vector<AuditRecord> found = TRY(ledger.audit().list({.about = id, .limit = 1}));
  if (found.empty()) return not_found("id", "no leaf is about that", "a leaf's number is taken too");
  return found[0].seq;
}

Result<int> prove(const AuditFlags& flags) {
  const SystemClock clock;
  const std::unique_ptr<Ledger> ledger = TRY(open_data_ledger(flags.data, false, clock));
  const AuditProof proof = TRY(ledger->audit().prove(TRY(seq_of(*ledger, flags.id))));
  fmt::print("{}\n", json_text(audit_proof_json(proof), flags.json ? kOneLine : 2));
  return 0;
}

Result<std::string> lines_of(Ledger& ledger, bool sealed) {
  std::string lines;
  uint64_t from = 0;
  for (;;) {
    const std::vector<AuditRecord> page = TRY(ledger.audit().read(from, kPage));
    for (const AuditRecord& record : page) {
      Json line = {{"seq", record.seq}, {"leaf", record.leaf}};
      if (sealed) line["sealed"] = sealed_values_json(record.sealed);
      lines += json_text(line, kOneLine) + '\n';
    }
    if (page.size() < kPage) return lines;
    from = page.back().seq + 1;
  }
}

// The checkpoint first: it covers a beginning of the lines, whatever is appended meanwhile.
Result<int> export_log(const AuditFlags& flags) {
  const SystemClock clock;
  const std::unique_ptr<Ledger> ledger = TRY(open_data_ledger(flags.data, false, clock));
  std::error_code error;
  std::filesystem::create_directories(flags.output, error);
  if (error) return Error{Code::unavailable, flags.output.string(), "cannot be made: " + error.message(), {}};
  const std::string checkpoint = TRY(ledger->audit().checkpoint());
  const std::string lines = TRY(lines_of(*ledger, flags.sealed));
  TRY(write_file_atomically(flags.output / "checkpoint", as_bytes(checkpoint)));
  TRY(write_file_atomically(flags.output / "audit.jsonl", as_bytes(lines)));
  std::vector<Disagreement> found;
  const AuditReport report = TRY(verify_audit({ledger_path(flags.data)}, {}, found));
  TRY(write_file_atomically(flags.output / "public_key", as_bytes(report.public_key + "\n")));
  fmt::print("{}\n", flags.json
                         ? json_text({{"folder", flags.output.string()}, {"size", report.size}}, kOneLine)
                         : flags.output.string());
  return 0;
}

Result<int> erase(const AuditFlags& flags) {
  const SystemClock clock;
  const std::unique_ptr<Ledger> ledger = TRY(open_data_ledger(flags.data, false, clock));
  const int erased = TRY(ledger->audit().erase(flags.id, this_person()));
  if (flags.json)
    fmt::print("{}\n", json_text({{"erased", erased}}, kOneLine));
  else
    fmt::print("{}\n", erased);
  return 0;
}

}  // namespace

void add_audit(CLI::App& app, CommandSlot& slot) {
  auto flags = std::make_shared<AuditFlags>();
  CLI::App* command = app.add_subcommand("audit", "Verify, prove and take away the audit log of a server");
  command->require_subcommand(1);
  CLI::App* verified = add_data_command(
      *command, slot, "verify", "Recompute the whole log; exit status 1 where something does not agree",
      verify_log, flags);
  verified->add_option("--checkpoint", flags->checkpoints,
                       "A checkpoint that was taken away before; may be repeated");
  verified->add_option("--key", flags->key, "The log's public key, where it is known from elsewhere");
  add_data_command(*command, slot, "prove",
                   "Print that a leaf is in the log: leaf, path and signed checkpoint", prove, flags)
      ->add_option("id", flags->id, "A leaf's number, or the id of what it is about (the newest)")
      ->required();
  CLI::App* exported =
      add_data_command(*command, slot, "export", "Write audit.jsonl, checkpoint and public_key into a folder",
                       export_log, flags);
  exported->add_option("-o,--output", flags->output, "The folder")->required();
  exported->add_flag("--sealed", flags->sealed, "With the names and salts behind the hashes");
  add_data_command(*command, slot, "erase",
                   "Forget a person, tenant or key in the log; its hashes stay and say nothing", erase, flags)
      ->add_option("value", flags->id, "Name or id, as the log shows it")
      ->required();
}

}  // namespace limner
