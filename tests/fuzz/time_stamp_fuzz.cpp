// Any bytes offered as an authority's answer, and as the token in a manifest. Nothing may crash, and nobody
// is trusted where no root is.

#include "base/check.h"
#include "provenance/x509/time_stamp.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace limner;
  constexpr std::string_view kMessage = "message";
  static const std::string kRequest = time_stamp_request(kMessage, "12345678");
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const Result<TimeStamp> stamp = read_time_stamp(bytes, kMessage, {}))
    LIMNER_CHECK(!stamp->trusted && stamp->time > 0,
                 "a stamp has a time, and nobody is trusted without a root");
  if (const Result<AnsweredStamp> answered = stamp_of_answer(bytes, kRequest, kMessage, {}))
    LIMNER_CHECK(!answered->stamp.trusted && !answered->token.empty(), "likewise");
  return 0;
}
