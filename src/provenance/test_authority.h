#pragma once
// For tests: an authority for time stamps, in this process.

#include <openssl/evp.h>
#include <openssl/pkcs7.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <string>

#include "base/check.h"
#include "base/clock.h"
#include "provenance/x509/certificate.h"

namespace limner::testing_pictures {

/// Answers requests with a certificate of its own making, signed by a root of its own.
class TestAuthority {
 public:
  explicit TestAuthority(TimeUs valid_from) {
    root_key_ = new_key();
    root_ = certificate("Test Time Root", root_key_.get(), nullptr, nullptr, valid_from, "critical,CA:TRUE",
                        "critical,keyCertSign", nullptr);
    key_ = new_key();
    certificate_ = certificate("Test Time Authority", key_.get(), root_.get(), root_key_.get(), valid_from,
                               "critical,CA:FALSE", "critical,digitalSignature", "critical,timeStamping");
  }

  std::string root_pem() const { return pem_of(root_.get()); }

  /// A TimeStampResp; its time is `now`.
  std::string answer(std::string_view request, TimeUs now) const {
    struct Free {
      void operator()(TS_RESP_CTX* context) const { TS_RESP_CTX_free(context); }
    };
    const std::unique_ptr<TS_RESP_CTX, Free> context(TS_RESP_CTX_new());
    const BioPtr bio(BIO_new_mem_buf(request.data(), static_cast<int>(request.size())));
    const std::unique_ptr<ASN1_OBJECT, FreeWith<ASN1_OBJECT_free>> policy(OBJ_txt2obj("1.2.3.4.1", 1));
    LIMNER_CHECK(TS_RESP_CTX_set_signer_cert(context.get(), certificate_.get()) == 1 &&
                     TS_RESP_CTX_set_signer_key(context.get(), key_.get()) == 1 &&
                     TS_RESP_CTX_set_signer_digest(context.get(), EVP_sha256()) == 1 &&
                     TS_RESP_CTX_set_ess_cert_id_digest(context.get(), EVP_sha256()) == 1 &&
                     TS_RESP_CTX_set_def_policy(context.get(), policy.get()) == 1 &&
                     TS_RESP_CTX_add_md(context.get(), EVP_sha256()) == 1,
                 "an authority can be made");
    const auto one = [](TS_RESP_CTX*, void*) { return ASN1_INTEGER_new(); };
    TS_RESP_CTX_set_serial_cb(context.get(), one, nullptr);
    const auto time = [](TS_RESP_CTX*, void* at, long* seconds, long* micros) {
      *seconds = static_cast<long>(*static_cast<TimeUs*>(at) / kSecondUs);
      *micros = 0;
      return 1;
    };
    TS_RESP_CTX_set_time_cb(context.get(), time, &now);
    const std::unique_ptr<TS_RESP, FreeWith<TS_RESP_free>> response(
        TS_RESP_create_response(context.get(), bio.get()));
    unsigned char* der = nullptr;
    const int size = i2d_TS_RESP(response.get(), &der);
    std::string text(reinterpret_cast<const char*>(der), static_cast<size_t>(size));
    OPENSSL_free(der);
    take_openssl_error();
    return text;
  }

 private:
  static KeyPtr new_key() { return KeyPtr(EVP_EC_gen("P-256")); }

  static void add(X509* to, X509* issuer, int nid, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
    LIMNER_CHECK(extension != nullptr, "an extension can be made");
    X509_add_ext(to, extension, -1);
    X509_EXTENSION_free(extension);
  }

  static CertificatePtr certificate(const char* name, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key,
                                    TimeUs valid_from, const char* constraints, const char* usage,
                                    const char* extended) {
    CertificatePtr made(X509_new());
    X509_set_version(made.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), issuer ? 2 : 1);
    const auto begin = static_cast<std::time_t>(valid_from / kSecondUs);
    ASN1_TIME_set(X509_getm_notBefore(made.get()), begin);
    ASN1_TIME_set(X509_getm_notAfter(made.get()), begin + 86'400);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
    X509_set_issuer_name(made.get(), X509_get_subject_name(issuer ? issuer : made.get()));
    X509_set_pubkey(made.get(), key);
    add(made.get(), issuer ? issuer : made.get(), NID_subject_key_identifier, "hash");
    add(made.get(), issuer ? issuer : made.get(), NID_basic_constraints, constraints);
    add(made.get(), issuer ? issuer : made.get(), NID_key_usage, usage);
    if (issuer) add(made.get(), issuer, NID_authority_key_identifier, "keyid");
    if (extended) add(made.get(), issuer, NID_ext_key_usage, extended);
    X509_sign(made.get(), issuer_key ? issuer_key : key, EVP_sha256());
    return made;
  }

  KeyPtr root_key_, key_;
  CertificatePtr root_, certificate_;
};

}  // namespace limner::testing_pictures
