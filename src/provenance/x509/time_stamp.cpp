#include "provenance/x509/time_stamp.h"

#include <fmt/format.h>
#include <openssl/pkcs7.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>

#include <ctime>

#include "base/check.h"
#include "base/crypto.h"

namespace limner {
namespace {

using RequestPtr = std::unique_ptr<TS_REQ, FreeWith<TS_REQ_free>>;
using ImprintPtr = std::unique_ptr<TS_MSG_IMPRINT, FreeWith<TS_MSG_IMPRINT_free>>;
using ResponsePtr = std::unique_ptr<TS_RESP, FreeWith<TS_RESP_free>>;
using TokenPtr = std::unique_ptr<PKCS7, FreeWith<PKCS7_free>>;
using InfoPtr = std::unique_ptr<TS_TST_INFO, FreeWith<TS_TST_INFO_free>>;
using AlgorithmPtr = std::unique_ptr<X509_ALGOR, FreeWith<X509_ALGOR_free>>;
using NumberPtr = std::unique_ptr<ASN1_INTEGER, FreeWith<ASN1_INTEGER_free>>;
using CheckPtr = std::unique_ptr<TS_VERIFY_CTX, FreeWith<TS_VERIFY_CTX_free>>;
using RootsPtr = std::unique_ptr<X509_STORE, FreeWith<X509_STORE_free>>;

struct FreeSigners {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
};
using SignersPtr = std::unique_ptr<STACK_OF(X509), FreeSigners>;

constexpr size_t kNonceBytes = 8;

Error no_stamp(std::string_view what) {
  const std::string said = take_openssl_error();
  return invalid("time stamp",
                 said == "no reason given" ? std::string(what) : fmt::format("{}: {}", what, said));
}

// One DER item and nothing behind it.
template <class Pointer, class Read>
Pointer read_der(std::string_view der, Read* read) {
  if (der.size() > kTimeStampBytesMax) return nullptr;
  const unsigned char* at = unsigned_data(der);
  Pointer item(read(nullptr, &at, static_cast<long>(der.size())));
  return item && at == unsigned_data(der) + der.size() ? std::move(item) : nullptr;
}

template <class Item, class Write>
std::string der_text(Item* item, Write* write) {
  unsigned char* der = nullptr;
  const int size = write(item, &der);
  std::string text(reinterpret_cast<const char*>(der), size > 0 ? static_cast<size_t>(size) : 0);
  OPENSSL_free(der);
  return text;
}

TimeUs moment_of(const ASN1_GENERALIZEDTIME* time) {
  std::tm parts = {};
  if (!time || ASN1_TIME_to_tm(time, &parts) != 1) return 0;
  return static_cast<TimeUs>(timegm(&parts)) * kSecondUs;
}

bool is_about(const TS_TST_INFO* info, std::string_view message) {
  TS_MSG_IMPRINT* imprint = TS_TST_INFO_get_msg_imprint(const_cast<TS_TST_INFO*>(info));
  const X509_ALGOR* algorithm = TS_MSG_IMPRINT_get_algo(imprint);
  const ASN1_OBJECT* object = nullptr;
  X509_ALGOR_get0(&object, nullptr, nullptr, algorithm);
  const int nid = OBJ_obj2nid(object);
  if (nid != NID_sha256 && nid != NID_sha384 && nid != NID_sha512) return false;
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  if (EVP_Digest(message.data(), message.size(), unsigned_data(digest), &size, EVP_get_digestbynid(nid),
                 nullptr) != 1)
    return false;
  const ASN1_OCTET_STRING* hashed = TS_MSG_IMPRINT_get_msg(imprint);
  return equal_in_constant_time({reinterpret_cast<const char*>(ASN1_STRING_get0_data(hashed)),
                                 static_cast<size_t>(ASN1_STRING_length(hashed))},
                                std::string_view(digest).substr(0, size));
}

// RFC 3161, 2.3: critical, and nothing but time stamps.
bool is_for_time_stamps(X509* certificate) {
  const int at = X509_get_ext_by_NID(certificate, NID_ext_key_usage, -1);
  return at >= 0 && X509_EXTENSION_get_critical(X509_get_ext(certificate, at)) == 1 &&
         X509_get_extended_key_usage(certificate) == XKU_TIMESTAMP;
}

// That the token was signed by the certificate that it carries; not whose that is.
bool is_signed(PKCS7* token) {
  const RootsPtr nobody(X509_STORE_new());
  const BioPtr content(BIO_new(BIO_s_mem()));
  return nobody && content &&
         PKCS7_verify(token, nullptr, nobody.get(), nullptr, content.get(), PKCS7_NOVERIFY) == 1;
}

// The whole of RFC 3161's check, the path to an anchor and the certificate's name in what was signed (RFC
// 5035) included, at the time that the token says.
bool leads_to_authority(PKCS7* token, const Certificates& anchors, TimeUs time) {
  if (anchors.empty()) return false;
  const CheckPtr check(TS_VERIFY_CTX_new());
  X509_STORE* roots = X509_STORE_new();
  if (!check || !roots) return false;
  for (const CertificatePtr& anchor : anchors) X509_STORE_add_cert(roots, anchor.get());
  X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(roots), static_cast<std::time_t>(time / kSecondUs));
  TS_VERIFY_CTX_set_flags(check.get(), TS_VFY_VERSION | TS_VFY_SIGNATURE);
  TS_VERIFY_CTX_set_store(check.get(), roots);  // which is then its own
  const bool leads = TS_RESP_verify_token(check.get(), token) == 1;
  take_openssl_error();
  return leads;
}

struct ReadToken {
  TimeStamp stamp;
  InfoPtr info;
};

Result<ReadToken> read_token(PKCS7* token, std::string_view message, const Certificates& anchors) {
  if (!PKCS7_type_is_signed(token)) return no_stamp("is not signed");
  InfoPtr info(PKCS7_to_TS_TST_INFO(token));
  if (!info) return no_stamp("says nothing of a time");
  if (TS_TST_INFO_get_version(info.get()) != 1) return no_stamp("is of a version that is not known");
  if (!is_about(info.get(), message)) return no_stamp("is about something else");
  const SignersPtr signers(PKCS7_get0_signers(token, nullptr, 0));
  if (!signers || sk_X509_num(signers.get()) != 1) return no_stamp("does not carry its signer's certificate");
  X509* signer = sk_X509_value(signers.get(), 0);
  if (!is_for_time_stamps(signer)) return no_stamp("is signed by a certificate that is not for time stamps");
  if (!is_signed(token)) return no_stamp("is not signed by its certificate");
  ReadToken read;
  read.stamp.time = moment_of(TS_TST_INFO_get_time(info.get()));
  if (read.stamp.time <= 0) return no_stamp("has no time");
  if (!valid_at(signer, read.stamp.time))
    return no_stamp("is of a time at which its certificate was not valid");
  const CertificateSummary summary = summary_of(signer);
  read.stamp.authority = summary.common_name.empty() ? summary.organisation : summary.common_name;
  read.stamp.trusted = leads_to_authority(token, anchors, read.stamp.time);
  read.info = std::move(info);
  return read;
}

}  // namespace

std::string time_stamp_request(std::string_view message, std::string_view nonce) {
  LIMNER_CHECK(nonce.size() == kNonceBytes, "a nonce has 8 bytes");
  const RequestPtr request(TS_REQ_new());
  const ImprintPtr imprint(TS_MSG_IMPRINT_new());
  const AlgorithmPtr algorithm(X509_ALGOR_new());
  const NumberPtr number(ASN1_INTEGER_new());
  uint64_t value = 0;
  for (const char byte : nonce) value = value << 8 | static_cast<unsigned char>(byte);
  std::string digest = sha256_bytes(message);
  const bool made =
      request && imprint && algorithm && number && TS_REQ_set_version(request.get(), 1) == 1 &&
      X509_ALGOR_set0(algorithm.get(), OBJ_nid2obj(NID_sha256), V_ASN1_NULL, nullptr) == 1 &&
      TS_MSG_IMPRINT_set_algo(imprint.get(), algorithm.get()) == 1 &&
      TS_MSG_IMPRINT_set_msg(imprint.get(), unsigned_data(digest), static_cast<int>(digest.size())) == 1 &&
      TS_REQ_set_msg_imprint(request.get(), imprint.get()) == 1 &&
      ASN1_INTEGER_set_uint64(number.get(), value) == 1 &&
      TS_REQ_set_nonce(request.get(), number.get()) == 1 && TS_REQ_set_cert_req(request.get(), 1) == 1;
  LIMNER_CHECK(made, "OpenSSL makes requests for time stamps");
  return der_text(request.get(), i2d_TS_REQ);
}

Result<TimeStamp> read_time_stamp(std::string_view token, std::string_view message,
                                  const Certificates& anchors) {
  const TokenPtr read = read_der<TokenPtr>(token, d2i_PKCS7);
  if (!read) return no_stamp("is no token");
  ReadToken whole = TRY(read_token(read.get(), message, anchors));
  return whole.stamp;
}

Result<AnsweredStamp> stamp_of_answer(std::string_view answer, std::string_view request,
                                      std::string_view message, const Certificates& anchors) {
  const ResponsePtr response = read_der<ResponsePtr>(answer, d2i_TS_RESP);
  const RequestPtr asked = read_der<RequestPtr>(request, d2i_TS_REQ);
  if (!response || !asked) return no_stamp("is no answer of an authority");
  const ASN1_INTEGER* status = TS_STATUS_INFO_get0_status(TS_RESP_get_status_info(response.get()));
  const long number = ASN1_INTEGER_get(status);
  if (number != TS_STATUS_GRANTED && number != TS_STATUS_GRANTED_WITH_MODS)
    return Error{
        Code::refused, "time stamp", fmt::format("the authority refuses it with status {}", number), {}};
  PKCS7* token = TS_RESP_get_token(response.get());
  if (!token) return no_stamp("is not in the authority's answer");
  const ReadToken read = TRY(read_token(token, message, anchors));
  const ASN1_INTEGER* nonce = TS_TST_INFO_get_nonce(read.info.get());
  if (!nonce || ASN1_INTEGER_cmp(nonce, TS_REQ_get_nonce(asked.get())) != 0)
    return no_stamp("answers another request");
  return AnsweredStamp{der_text(token, i2d_PKCS7), read.stamp};
}

}  // namespace limner
