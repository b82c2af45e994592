#pragma once
// A stranger's manifest, read: its claim and the assertions that the claim names.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "provenance/cbor/value.h"
#include "provenance/jumbf/box.h"
#include "provenance/manifest/jumbf_uri.h"
#include "provenance/verify.h"

namespace limner {

/// An assertion of the claim. Its content is null if it is no CBOR (thumbnails, JSON).
struct ReadAssertion {
  HashedUri reference;
  const Jumbf* box = nullptr;  ///< null: the reference leads nowhere
  Cbor content;
  bool created = false;  ///< the signer answers for it; claims of version 1 do not distinguish

  std::string_view label() const { return box ? box->label : std::string_view(); }
  /// Whether the label is `name`, or a further instance of it: "c2pa.hash.data__1".
  bool is(std::string_view name) const;
};

class BoxDigests;

/// The active manifest. Borrows the store.
struct ReadManifest {
  const Jumbf* store = nullptr;
  const Jumbf* box = nullptr;
  std::string_view claim_bytes;
  Cbor claim;
  bool version_1 = false;
  std::string hash_algorithm;  ///< of references that name none
  const Jumbf* signature = nullptr;
  std::vector<ReadAssertion> assertions;  ///< no box is there twice
  std::shared_ptr<BoxDigests> digests;    ///< of the store's boxes
};

/// Digests of boxes by algorithm, each computed once: a stranger's references to one box may be thousands.
class BoxDigests {
 public:
  /// Empty where the algorithm is unknown.
  const std::string& of(const Jumbf& box, std::string_view algorithm);

 private:
  std::map<std::pair<const Jumbf*, std::string>, std::string> known_;
};

/// Reads the manifest that `box` is. Where it cannot be read on, a failure is added to `findings` and nothing
/// comes back.
std::optional<ReadManifest> read_manifest(const Jumbf& store, const Jumbf& box,
                                          std::vector<SignatureFinding>& findings);

/// Shorthand for findings.
void add_failure(std::vector<SignatureFinding>& findings, std::string_view code, std::string_view about,
                 std::string message);
void add_success(std::vector<SignatureFinding>& findings, std::string_view code, std::string_view about);

}  // namespace limner
