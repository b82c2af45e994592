#pragma once
// The front door: a picture's file goes in, the same file with a signed C2PA manifest comes out.

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "image/format.h"
#include "provenance/time_stamping.h"

namespace limner {

/// A private key and its chain of certificates. Thread-safe.
class Signer;
using SignerPtr = std::shared_ptr<const Signer>;

/// Where a signer's times and unguessable bytes come from. Tests own both.
struct SignerSources {
  std::function<TimeUs()> now = [] { return SystemClock().now(); };
  std::function<std::string(size_t count)> random = {};  ///< empty: random_bytes()
  TimeStamping stamping = {};
};

/// The signer of a folder that has chain.pem (the signer's certificate, then those between it and the root)
/// and key.pem or, for a key on a token, key.uri (provenance/x509/token_key.h). The key is on P-256 or
/// Ed25519. A file that is missing or broken, a key that is not the certificate's, a certificate that may not
/// sign claims (C2PA 2.4, 14.5.1): an error that names the file.
Result<SignerPtr> load_signer(const std::filesystem::path& folder, SignerSources sources = {});

/// The SHA-256 of the signer's certificate, hexadecimal: which key it is, to whoever has the certificate.
std::string signer_fingerprint(const Signer& signer);

/// The same from texts in PEM.
Result<SignerPtr> make_signer(std::string_view key_pem, std::string_view chain_pem,
                              SignerSources sources = {});

/// What an invisible watermark in the pixels says, so that a file whose manifest was stripped can be led back
/// to it (C2PA's soft binding).
struct SoftBinding {
  std::string algorithm;  ///< its name in C2PA's list of soft binding algorithms, or a reverse domain name
  std::string value;      ///< bytes
};

/// The picture that another was drawn over. If it has a manifest, that is kept beside the new one, whether it
/// holds or not: what was found is written down.
struct ParentPicture {
  std::string title;  ///< a file name, never a path
  std::string file;   ///< its bytes
};

/// What a manifest says of how a picture came to be.
struct PictureOrigin {
  std::string id;        ///< unique to the picture; empty: a new one is made
  std::string title;     ///< dc:title; empty: left out
  std::string provider;  ///< who answers for it; empty: the organisation of the signer's certificate
  TimeUs time = 0;       ///< when it was drawn; 0: now
  std::string model, model_sha256;  ///< empty: left out
  std::optional<ParentPicture> parent;
  std::optional<SoftBinding> watermark;
  bool stamped = true;  ///< false: without a time stamp, whatever the signer does for others
};

/// `file`, a PNG, JPEG or WebP without a manifest, with one that is signed by `signer` and bound to every
/// other byte of it: created by a model, or, with a parent, opened and edited by one. Texts in the file stay
/// and are bound too. AVIF is `unsupported`, a file with a manifest `conflict`, a certificate outside its
/// dates `unavailable`: no signature is made that nobody would accept. With TimeStamping it waits for the
/// authority.
Result<std::string> sign_picture(std::string file, Format format, const Signer& signer,
                                 const PictureOrigin& origin);

/// Whether sign_picture() can sign such files.
bool can_carry_manifest(Format format);

}  // namespace limner
