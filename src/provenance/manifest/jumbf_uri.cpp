#include "provenance/manifest/jumbf_uri.h"

#include "provenance/x509/openssl_handles.h"

namespace limner {
namespace {

constexpr std::string_view kScheme = "self#jumbf=";

}  // namespace

const Jumbf* resolve_uri(std::string_view uri, const Jumbf& store, const Jumbf& manifest) {
  if (!uri.starts_with(kScheme)) return nullptr;
  uri.remove_prefix(kScheme.size());
  const Jumbf* box = &manifest;
  if (uri.starts_with('/')) {
    constexpr std::string_view kStore = "/c2pa/";
    if (!uri.starts_with(kStore)) return nullptr;
    uri.remove_prefix(kStore.size());
    box = &store;
  }
  while (box && !uri.empty()) {
    const size_t slash = uri.find('/');
    box = box->find(uri.substr(0, slash));
    uri.remove_prefix(slash == uri.npos ? uri.size() : slash + 1);
  }
  return box;
}

HashedUri read_hashed_uri(const Cbor& item, std::string_view otherwise) {
  const Cbor* hash = item.find("hash", Cbor::Kind::bytes);
  if (!hash || item.text_at("url").empty()) return {};
  HashedUri uri{std::string(item.text_at("url")), hash->string, std::string(item.text_at("alg"))};
  if (!item.find("alg")) uri.algorithm = otherwise;
  return uri;
}

std::string digest_by_name(std::string_view algorithm, std::string_view bytes) {
  const EVP_MD* method = algorithm == "sha256"   ? EVP_sha256()
                         : algorithm == "sha384" ? EVP_sha384()
                         : algorithm == "sha512" ? EVP_sha512()
                                                 : nullptr;
  if (!method) return {};
  std::string digest(static_cast<size_t>(EVP_MD_get_size(method)), '\0');
  if (EVP_Digest(bytes.data(), bytes.size(), unsigned_data(digest), nullptr, method, nullptr) != 1) return {};
  return digest;
}

}  // namespace limner
