#pragma once
// RFC 3161: a hash goes to an authority, and comes back signed with the time. Internal to provenance/.

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "provenance/x509/certificate.h"

namespace limner {

/// An answer that is longer is none: a token with a chain of certificates has a few KiB.
inline constexpr size_t kTimeStampBytesMax = 64u << 10;

/// The TimeStampReq, in DER, for the SHA-256 of `message`; the authority is to send its certificates. `nonce`
/// has 8 random bytes.
std::string time_stamp_request(std::string_view message, std::string_view nonce);

/// What a token says, once its own signature has been found right.
struct TimeStamp {
  TimeUs time = 0;
  std::string authority;  ///< common name, else organisation, of its certificate
  bool trusted = false;   ///< a path leads from that certificate to one of the anchors
};

/// Reads a TimeStampToken, in DER, which is to be about `message`: `invalid` with field "time stamp" if it is
/// none, is about something else, is not signed by a certificate for time stamps and nothing else that it
/// carries and that was valid then, or hashes with something weaker than SHA-256. Who made it is in
/// `trusted`.
Result<TimeStamp> read_time_stamp(std::string_view token, std::string_view message,
                                  const Certificates& anchors);

/// The TimeStampToken of an authority's answer to `request`, checked as read_time_stamp() does, with the
/// request's nonce. `refused` if the authority says no.
struct AnsweredStamp {
  std::string token;
  TimeStamp stamp;
};
Result<AnsweredStamp> stamp_of_answer(std::string_view answer, std::string_view request,
                                      std::string_view message, const Certificates& anchors);

}  // namespace limner
