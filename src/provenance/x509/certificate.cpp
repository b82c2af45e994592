#include "provenance/x509/certificate.h"

#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/pem.h>

#include <ctime>

namespace limner {
namespace {

std::string name_entry(const X509_NAME* name, int nid) {
  const int at = X509_NAME_get_index_by_NID(name, nid, -1);
  if (at < 0) return {};
  unsigned char* text = nullptr;
  const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
  if (size < 0) return {};
  std::string out(reinterpret_cast<const char*>(text), static_cast<size_t>(size));
  OPENSSL_free(text);
  return out;
}

TimeUs time_us(const ASN1_TIME* time) {
  std::tm parts = {};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return 0;
  return static_cast<TimeUs>(timegm(&parts)) * kSecondUs;
}

// OpenSSL would otherwise ask on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

BioPtr memory_bio(std::string_view text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

}  // namespace

Result<CertificatePtr> read_der_certificate(std::string_view der, std::string_view field) {
  const unsigned char* at = unsigned_data(der);
  CertificatePtr certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (!certificate || at != unsigned_data(der) + der.size()) {
    take_openssl_error();
    return invalid(std::string(field), "not a DER certificate");
  }
  return certificate;
}

std::string der_of(X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  std::string out(reinterpret_cast<const char*>(der), size > 0 ? static_cast<size_t>(size) : 0);
  OPENSSL_free(der);
  return out;
}

Result<Certificates> read_pem_certificates(std::string_view pem, std::string_view field, size_t count_max) {
  const BioPtr bio = memory_bio(pem);
  Certificates all;
  while (CertificatePtr one{PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)}) {
    if (all.size() == count_max)
      return invalid(std::string(field), fmt::format("more than {} certificates", count_max));
    all.push_back(std::move(one));
  }
  // The end of the text is reported as an error too: "no start line".
  const std::string said = take_openssl_error();
  if (all.empty()) return invalid(std::string(field), "has no PEM certificate in it");
  if (said != "no start line") return invalid(std::string(field), "a broken PEM certificate: " + said);
  return all;
}

std::string pem_of(X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  return bio_text(bio.get());
}

Result<KeyPtr> read_pem_key(std::string_view pem, std::string_view field) {
  const BioPtr bio = memory_bio(pem);
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  take_openssl_error();
  if (!key)
    return invalid(std::string(field), "not a private key in PEM", "keys with a passphrase cannot be read");
  return key;
}

CertificateSummary summary_of(X509* certificate) {
  CertificateSummary summary;
  const X509_NAME* subject = X509_get_subject_name(certificate);
  const X509_NAME* issuer = X509_get_issuer_name(certificate);
  summary.common_name = name_entry(subject, NID_commonName);
  summary.organisation = name_entry(subject, NID_organizationName);
  summary.issuer = name_entry(issuer, NID_organizationName);
  if (summary.issuer.empty()) summary.issuer = name_entry(issuer, NID_commonName);
  const ASN1_INTEGER* serial = X509_get0_serialNumber(certificate);
  for (int i = 0; i < serial->length; ++i) summary.serial += fmt::format("{:02x}", serial->data[i]);
  summary.not_before = time_us(X509_get0_notBefore(certificate));
  summary.not_after = time_us(X509_get0_notAfter(certificate));
  return summary;
}

bool valid_at(X509* certificate, TimeUs moment) {
  return time_us(X509_get0_notBefore(certificate)) <= moment &&
         moment <= time_us(X509_get0_notAfter(certificate));
}

bool leads_to_anchor(const Certificates& chain, const Certificates& anchors, TimeUs moment) {
  using StorePtr = std::unique_ptr<X509_STORE, FreeWith<X509_STORE_free>>;
  using StoreContextPtr = std::unique_ptr<X509_STORE_CTX, FreeWith<X509_STORE_CTX_free>>;
  struct FreeStack {
    void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
  };
  if (chain.empty() || anchors.empty()) return false;
  const StorePtr store(X509_STORE_new());
  const StoreContextPtr context(X509_STORE_CTX_new());
  const std::unique_ptr<STACK_OF(X509), FreeStack> others(sk_X509_new_null());
  if (!store || !context || !others) return false;
  for (const CertificatePtr& anchor : anchors) X509_STORE_add_cert(store.get(), anchor.get());
  for (size_t i = 1; i < chain.size(); ++i) sk_X509_push(others.get(), chain[i].get());
  if (X509_STORE_CTX_init(context.get(), store.get(), chain[0].get(), others.get()) != 1) return false;
  X509_STORE_CTX_set_time(context.get(), 0, static_cast<std::time_t>(moment / kSecondUs));
  X509_STORE_CTX_set_depth(context.get(), static_cast<int>(kCertificatesMax));
  const bool leads = X509_verify_cert(context.get()) == 1;
  if (!leads) take_openssl_error();
  return leads;
}

}  // namespace limner
