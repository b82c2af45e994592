// limner protect: pictures whose copies are to be known, and whether a picture is one.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/printable.h"
#include "image/codec.h"
#include "similarity/protected_index.h"

namespace limner {
namespace {

namespace fs = std::filesystem;

struct ProtectFlags {
  fs::path index;
  std::string input;
  bool json = false;
};

// So that a long run that is stopped keeps what it has done.
constexpr size_t kBlockPictures = 256;
constexpr size_t kShownMatches = 20;

fs::path default_index_path() {
  const char* data_home = std::getenv("XDG_DATA_HOME");
  if (data_home && *data_home == '/') return fs::path(data_home) / "limner" / "protected.pdq";
  const char* home = std::getenv("HOME");
  return fs::path(home ? home : ".") / ".local" / "share" / "limner" / "protected.pdq";
}

// The regular files of a folder and all below it, by name; links are not followed. A file is itself.
Result<std::vector<fs::path>> files_of(const fs::path& input) {
  std::error_code error;
  if (fs::is_regular_file(input, error)) return std::vector{input};
  if (!fs::is_directory(input, error)) return not_found(input.string(), "there is no such folder or file");
  std::vector<fs::path> files;
  for (auto it = fs::recursive_directory_iterator(input, error); !error && it != fs::end(it);
       it.increment(error))
    if (it->is_regular_file(error) && !it->is_symlink(error)) files.push_back(it->path());
  if (error) return Error{Code::unavailable, input.string(), "cannot be listed: " + error.message(), ""};
  std::sort(files.begin(), files.end());
  return files;
}

class Adding {
 public:
  explicit Adding(const ProtectFlags& flags) : flags_(flags) {}

  Result<int> run() {
    const std::vector<fs::path> files = TRY(files_of(flags_.input));
    std::error_code ignored;
    if (flags_.index.has_parent_path()) fs::create_directories(flags_.index.parent_path(), ignored);
    TRY(append_protected(flags_.index, {}));  // fails before long work if it cannot be written
    ProtectedFile known = TRY(read_protected_file(flags_.index));
    known_ = std::move(known.pictures);
    std::sort(known_.begin(), known_.end(), by_name);
    for (const fs::path& file : files) {
      if (interrupted()) break;
      add(file);
      if (block_.size() >= kBlockPictures) TRY(flush());
    }
    TRY(flush());
    report();
    if (interrupted()) return Error{Code::cancelled, "", "interrupted", "what was hashed so far is kept"};
    return 0;
  }

 private:
  static bool by_name(const ProtectedPicture& a, const ProtectedPicture& b) { return a.name < b.name; }

  void add(const fs::path& file) {
    const std::string name = file.string();
    if (name.size() > kProtectedNameMax) return skip(name, "its name is too long");
    const Result<Picture> picture = read_picture(name, "picture");
    if (!picture) return skip(name, picture.error().text());
    const PdqHashes hashes = pdq_hashes(*picture);
    if (hashes.quality < kPdqQualityMin)
      return skip(name, fmt::format("too flat to be told from others (quality {} of {})", hashes.quality,
                                    kPdqQualityMin));
    ProtectedPicture added{hashes.orientations[0], hashes.quality, name};
    const auto [first, last] = std::equal_range(known_.begin(), known_.end(), added, by_name);
    if (std::find(first, last, added) != last) {
      ++known_already_;
      return;
    }
    block_.push_back(std::move(added));
  }

  void skip(const std::string& name, const std::string& why) {
    skipped_.push_back({{"path", name}, {"reason", why}});
    fmt::print(stderr, "limner: {} is not protected: {}\n", printable(name), printable(why));
  }

  Result<void> flush() {
    if (!block_.empty()) TRY(append_protected(flags_.index, block_));
    added_ += block_.size();
    block_.clear();
    return {};
  }

  void report() const {
    if (flags_.json)
      fmt::print("{}\n", json_text({{"index", flags_.index.string()},
                                    {"added", added_},
                                    {"known", known_already_},
                                    {"skipped", skipped_}},
                                   kOneLine));
    else
      fmt::print("{} added, {} known already, {} skipped\n", added_, known_already_, skipped_.size());
  }

  const ProtectFlags& flags_;
  std::vector<ProtectedPicture> known_, block_;
  Json skipped_ = Json::array();
  size_t added_ = 0, known_already_ = 0;
};

Json matches_json(const CopyReport& report, const ProtectedIndex& index) {
  Json matches = Json::array();
  for (size_t i = 0; i < std::min(report.matches.size(), kShownMatches); ++i) {
    const CopyMatch& match = report.matches[i];
    matches.push_back({{"reference", index.picture(match.index).name},
                       {"distance", match.distance},
                       {"orientation", match.orientation}});
  }
  return matches;
}

void warn_of_torn(const ProtectedFile& file, const fs::path& path) {
  if (file.torn_bytes)
    fmt::print(
        stderr,
        "limner: {}: the last {} bytes are an addition that was cut short; add again what is missing\n",
        printable(path.string()), file.torn_bytes);
}

Result<int> check_copy(const ProtectFlags& flags) {
  const Picture picture = TRY(read_picture(flags.input, "input"));
  ProtectedFile file = TRY(read_protected_file(flags.index));
  warn_of_torn(file, flags.index);
  const ProtectedIndex index(std::move(file.pictures));
  const PdqHashes hashes = pdq_hashes(picture);
  const CopyReport report = index.check(hashes);
  const char* verdict = copy_verdict_name(report.verdict);
  if (flags.json) {
    fmt::print("{}\n", json_text({{"verdict", verdict},
                                  {"pdq", pdq_text(hashes.orientations[0])},
                                  {"quality", report.quality},
                                  {"compared", index.size()},
                                  {"matches", matches_json(report, index)}},
                                 kOneLine));
    return 0;
  }
  fmt::print("{}\n", verdict);
  for (size_t i = 0; i < std::min(report.matches.size(), kShownMatches); ++i)
    fmt::print("{:>3} bits  {}\n", report.matches[i].distance,
               printable(index.picture(report.matches[i].index).name));
  return 0;
}

Result<int> list_protected(const ProtectFlags& flags) {
  const ProtectedFile file = TRY(read_protected_file(flags.index));
  warn_of_torn(file, flags.index);
  Json all = Json::array();
  for (const ProtectedPicture& picture : file.pictures) {
    if (flags.json)
      all.push_back(
          {{"pdq", pdq_text(picture.hash)}, {"quality", picture.quality}, {"reference", picture.name}});
    else
      fmt::print("{}  {:>3}  {}\n", pdq_text(picture.hash), picture.quality, printable(picture.name));
  }
  if (flags.json) fmt::print("{}\n", json_text(all));
  return 0;
}

using ProtectCommand = Result<int> (*)(const ProtectFlags&);

CLI::App* add_index_command(CLI::App& command, CommandSlot& slot, const char* name, const char* doc,
                            ProtectCommand run, const std::shared_ptr<ProtectFlags>& flags) {
  CLI::App* sub = command.add_subcommand(name, doc);
  sub->add_option("--index", flags->index, "File of the protected pictures")->capture_default_str();
  sub->add_flag("--json", flags->json, "Print JSON");
  sub->callback([&slot, flags, run] { slot.run = [flags, run] { return run(*flags); }; });
  return sub;
}

}  // namespace

void add_protect(CLI::App& app, CommandSlot& slot) {
  auto flags = std::make_shared<ProtectFlags>();
  flags->index = default_index_path();
  CLI::App* command = app.add_subcommand("protect", "Pictures whose copies are to be known");
  command->require_subcommand(1);
  add_index_command(
      *command, slot, "add", "Hash a picture, or every picture of a folder, into the index",
      [](const ProtectFlags& f) { return Adding(f).run(); }, flags)
      ->add_option("input", flags->input, "Folder or picture")
      ->required();
  add_index_command(*command, slot, "check",
                    "Whether a picture is a copy: none, review, copy, or unchecked if it is too flat to say",
                    check_copy, flags)
      ->add_option("input", flags->input, "Picture")
      ->required();
  add_index_command(*command, slot, "list", "What is in the index", list_protected, flags);
}

}  // namespace limner
