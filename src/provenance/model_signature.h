#pragma once
// Who answers for a model's files: signatures in the format of OpenSSF's model signing, a Sigstore bundle
// with a DSSE envelope around the list of files and their digests.

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace limner {

/// Public keys, and roots of certificates, of those whose models are used. Thread-safe.
class ModelTrust;
using ModelTrustPtr = std::shared_ptr<const ModelTrust>;

/// The public keys (on P-256, P-384, P-521) and certificates of a PEM file; neither, or anything else in it,
/// is `invalid`.
Result<ModelTrustPtr> read_model_trust(const std::filesystem::path& path);

/// A model's list of files, once its signature has been found right.
struct SignedModel {
  struct File {
    std::string name;    ///< below the model's folder, with '/'; "." of a model that is one file
    std::string sha256;  ///< hexadecimal
  };
  std::string name;       ///< as its signer called it
  std::string signed_by;  ///< "key 1234abcd..." or the certificate's name
  std::vector<File> files;
};

/// Reads a bundle, whose bytes are hostile, and checks its signature. `forbidden` if it is not that of one
/// whom we trust; `unsupported` for keyless signatures, shards and digests other than SHA-256; `invalid` for
/// everything else that is wrong with it. A certificate has to be valid at `now`, and to be for signing.
Result<SignedModel> read_model_signature(std::string_view bundle, const ModelTrust& trust, TimeUs now);

/// Where a model's signature lies: model.sig in its folder; beside a single file, that file's name with
/// ".sig" behind it.
std::filesystem::path model_signature_path(const std::filesystem::path& model);

/// Told how many bytes were read; false stops with `cancelled`.
using BytesRead = std::function<bool(size_t)>;

/// That the model at `path` has all files of the list, unchanged, and no others but its signature and those
/// whose path begins with a dot, of which Limner reads none. `data_loss` names the file.
Result<void> check_model_files(const std::filesystem::path& path, const SignedModel& model,
                               const BytesRead& read = {});

/// All of it for the model at `path` and the signature that lies with it. `forbidden` if there is none.
Result<SignedModel> verify_model(const std::filesystem::path& path, const ModelTrust& trust, TimeUs now,
                                 const BytesRead& read = {});

/// The bundle for the model at `path`: signed with key.pem and chain.pem of a folder (`limner cert init`), or
/// with a private key in a PEM file of its own. The key is on P-256, P-384 or P-521.
Result<std::string> sign_model(const std::filesystem::path& path, const std::filesystem::path& key);

}  // namespace limner
