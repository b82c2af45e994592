#pragma once
// Signing what the command line draws: on unless it is switched off.

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "jobs/time_stamp_client.h"
#include "provenance/sign.h"

namespace CLI {
class App;
}

namespace limner {

struct SigningFlags {
  std::string folder;  ///< --sign; empty: the chain of this user, made on first use
  bool off = false;    ///< --no-sign
  TimeStampConfig time_stamp;
};

void add_signing_flags(CLI::App& app, SigningFlags& flags);

/// Signs the pictures of one command.
class PictureSigning {
 public:
  /// Asked before drawing, so that hours are not lost at the end: makes the user's chain if it is needed and
  /// missing, and reads the key (a millisecond). A folder without a usable chain is refused.
  Result<void> prepare(const SigningFlags& flags, Format format);

  /// Why files will carry no manifest though nobody switched it off; empty if they will.
  const std::string& warning() const { return warning_; }

  /// What the last signature lacks, a time stamp, and why; empty if it lacks nothing.
  const std::string& lacks() const { return lacks_; }

  /// The file with a manifest, or as it is where signing is off or the format carries none.
  Result<std::vector<std::byte>> sign(std::vector<std::byte> file, const PictureOrigin& origin) const;

 private:
  Format format_ = Format::png;
  Result<SignerPtr> load(const SigningFlags& flags, const std::filesystem::path& folder);

  std::string warning_, lacks_;
  SystemClock clock_;
  HttpClient http_;
  SignerPtr signer_;  ///< null: files stay as they are
};

/// The name of a file as a manifest says it: without folders, and as text whatever its bytes.
std::string manifest_title(const std::filesystem::path& path);

/// The picture at `path` as the parent of what is drawn over it.
Result<ParentPicture> read_parent(const std::string& path);

}  // namespace limner
