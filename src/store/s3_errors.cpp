#include "store/s3_errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "store/error_field.h"
#include "store/xml.h"

namespace limner {
namespace {

constexpr const char* kAllow =
    "the bucket's policy must allow this access key s3:GetObject, s3:PutObject, s3:DeleteObject, "
    "s3:AbortMultipartUpload and s3:ListBucket";

struct Meaning {
  std::string_view s3_code;
  Code code;
  std::string_view hint;
};

// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, and what others answer.
constexpr std::array kMeanings = {
    Meaning{"SignatureDoesNotMatch", Code::forbidden, "store.secret_key is not that of store.access_key"},
    Meaning{"InvalidAccessKeyId", Code::forbidden, "the server does not know store.access_key"},
    Meaning{"RequestTimeTooSkewed", Code::forbidden, "set this machine's clock"},
    Meaning{"AccessDenied", Code::forbidden, kAllow},
    Meaning{"NoSuchBucket", Code::not_found, "make the bucket, or correct store.url"},
    Meaning{"NoSuchKey", Code::not_found, ""},
    Meaning{"NoSuchUpload", Code::unavailable, "put it again"},
    Meaning{"SlowDown", Code::unavailable, ""},
    Meaning{"RequestTimeout", Code::unavailable, ""},
    Meaning{"OperationAborted", Code::unavailable, ""},
    Meaning{"InternalError", Code::unavailable, ""},
    Meaning{"EntityTooLarge", Code::too_large, ""},
    Meaning{"QuotaExceeded", Code::exhausted, "raise the quota, or remove objects"},
    Meaning{"XMinioStorageFull", Code::exhausted, "the server's disks are full"},
    Meaning{"PermanentRedirect", Code::invalid, "correct store.endpoint or store.region"},
    Meaning{"AuthorizationHeaderMalformed", Code::invalid, "correct store.region"},
};

Meaning meaning_of_status(int status) {
  if (status == 401 || status == 403) return {"", Code::forbidden, kAllow};
  if (status == 404) return {"", Code::not_found, ""};
  if (status == 413) return {"", Code::too_large, ""};
  if (status == 507) return {"", Code::exhausted, "the server's disks are full"};
  // Below 300: accepted, and taken back in the body.
  if (status == 429 || status == 408 || status == 409 || status >= 500 || status < 300)
    return {"", Code::unavailable, ""};
  return {"", Code::invalid, "is store.endpoint an S3 server, and store.region its region?"};
}

// A server's words, fit for a log.
std::string printable_words(std::string_view words) {
  std::string text(words.substr(0, 200));
  std::ranges::replace_if(
      text, [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

struct Refusal {
  std::string code, message;
};

Refusal read_refusal(const HttpResponse& response) {
  const Result<XmlElement> body = parse_xml(response.body, kStoreField);
  if (!body || body->name != "Error") return {};
  return {printable_words(body->text_of("Code")), printable_words(body->text_of("Message"))};
}

}  // namespace

bool is_s3_success(std::string_view method, const HttpResponse& response) {
  const bool accepted = response.status >= 200 && response.status <= 299;
  return accepted && (method != "POST" || read_refusal(response).code.empty());
}

Error s3_error(const HttpResponse& response, std::string_view what) {
  const Refusal refusal = read_refusal(response);
  const auto known = std::ranges::find(kMeanings, refusal.code, &Meaning::s3_code);
  const Meaning meaning = known != kMeanings.end() ? *known : meaning_of_status(response.status);
  std::string message = fmt::format("{} was answered {}", what, response.status);
  if (!refusal.code.empty()) message += fmt::format(" {}: {}", refusal.code, refusal.message);
  return {meaning.code, kStoreField, std::move(message), std::string(meaning.hint)};
}

Error s3_no_answer(const Error& reason, std::string_view what) {
  const bool transient = reason.code == Code::unavailable || reason.code == Code::deadline;
  return {transient ? Code::unavailable : reason.code,
          kStoreField,
          fmt::format("{} was not answered: {}", what, reason.text()),
          {}};
}

}  // namespace limner
