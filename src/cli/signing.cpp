#include "cli/signing.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "base/files.h"
#include "cli/printable.h"
#include "image/codec.h"
#include "provenance/local_chain.h"

namespace limner {

void add_signing_flags(CLI::App& app, SigningFlags& flags) {
  CLI::Option* sign = app.add_option("--sign", flags.folder,
                                     "Sign with the key of this folder (default: a chain of your own, made "
                                     "on first use)");
  CLI::Option* none =
      app.add_flag("--no-sign", flags.off, "Write no signed manifest into the file")->excludes(sign);
  app.add_option("--timestamp-url", flags.time_stamp.url,
                 "Have an authority (RFC 3161) at this URL stamp the signature")
      ->excludes(none);
}

Result<void> PictureSigning::prepare(const SigningFlags& flags, Format format) {
  if (flags.off) return {};
  if (!can_carry_manifest(format)) {
    warning_ = fmt::format("{} files carry no C2PA manifest; write png, jpeg or webp to have one",
                           format_name(format));
    return {};
  }
  format_ = format;
  if (!flags.folder.empty()) {
    signer_ = TRY(load(flags, flags.folder));
    return {};
  }
  const std::filesystem::path own = default_chain_folder();
  const auto load_own = [&]() -> Result<SignerPtr> {
    TRY(ensure_chain(own, {}, SystemClock().now()));
    return load(flags, own);
  };
  Result<SignerPtr> signer = load_own();
  if (!signer)
    return Error{signer.error().code, "sign", fmt::format("no chain of your own: {}", signer.error().text()),
                 "--sign DIR names another, --no-sign writes pictures without a manifest"};
  signer_ = std::move(*signer);
  return {};
}

Result<SignerPtr> PictureSigning::load(const SigningFlags& flags, const std::filesystem::path& folder) {
  TimeStamping stamping = TRY(time_stamping_of(flags.time_stamp, http_, clock_, [this](const Error* error) {
    lacks_ = error ? "no time stamp: " + error->text() : std::string();
  }));
  return load_signer(folder, {.stamping = std::move(stamping)});
}

Result<std::vector<std::byte>> PictureSigning::sign(std::vector<std::byte> file,
                                                    const PictureOrigin& origin) const {
  if (!signer_) return file;
  std::string text(reinterpret_cast<const char*>(file.data()), file.size());
  const std::string marked = TRY(sign_picture(std::move(text), format_, *signer_, origin));
  const std::span bytes = std::as_bytes(std::span(marked));
  return std::vector<std::byte>(bytes.begin(), bytes.end());
}

std::string manifest_title(const std::filesystem::path& path) { return printable(path.filename().string()); }

Result<ParentPicture> read_parent(const std::string& path) {
  return ParentPicture{manifest_title(path), TRY(read_file(path, DecodeLimits{}.file_bytes_max))};
}

}  // namespace limner
