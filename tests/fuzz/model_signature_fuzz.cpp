// Any bytes offered as a model's signature, and any bytes as what somebody whom we trust has signed. Nothing
// may crash, and nobody signs for another.

#include <openssl/evp.h>

#include "base/check.h"
#include "base/crypto.h"
#include "base/json.h"
#include "provenance/model/model_trust.h"
#include "provenance/model_signature.h"

namespace {

using namespace limner;

struct Signatory {
  KeyPtr key{EVP_EC_gen("P-256")};
  std::unique_ptr<ModelTrust> trust;

  Signatory() {
    std::vector<ModelTrust::Key> keys;
    EVP_PKEY_up_ref(key.get());
    keys.push_back({KeyPtr(key.get()), key_hint(key.get())});
    trust = std::make_unique<ModelTrust>(std::move(keys), Certificates());
  }
  std::string bundle_of(std::string_view payload) const {
    const std::string message = dsse_encoding(kPayloadType, payload);
    const DigestContextPtr context(EVP_MD_CTX_new());
    std::string signature(128, '\0');
    size_t size = signature.size();
    LIMNER_CHECK(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
                     EVP_DigestSign(context.get(), unsigned_data(signature), &size, unsigned_data(message),
                                    message.size()) == 1,
                 "a key signs");
    signature.resize(size);
    return Json{{"mediaType", kBundleType},
                {"verificationMaterial", {{"publicKey", {{"hint", key_hint(key.get())}}}}},
                {"dsseEnvelope",
                 {{"payload", to_base64(payload)},
                  {"payloadType", kPayloadType},
                  {"signatures", {{{"sig", to_base64(signature)}}}}}}}
        .dump();
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Signatory kSignatory;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  LIMNER_CHECK(!read_model_signature(bytes, *kSignatory.trust, 0), "a stranger signs nothing");
  const Result<SignedModel> model = read_model_signature(kSignatory.bundle_of(bytes), *kSignatory.trust, 0);
  if (!model) return 0;
  for (const SignedModel::File& file : model->files)
    LIMNER_CHECK(file.name == "." || (!file.name.starts_with('/') && !file.name.starts_with("../")),
                 "names stay below their folder");
  return 0;
}
