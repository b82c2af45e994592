#pragma once
// The way to an authority for time stamps: RFC 3161 over HTTP.

#include <filesystem>
#include <functional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "net/http_client.h"
#include "provenance/time_stamping.h"

namespace limner {

/// Which authority, and how much it matters.
struct TimeStampConfig {
  std::string url;              ///< http(s); empty: nothing is stamped
  std::filesystem::path trust;  ///< PEM file of the authorities' roots; empty: any authority's stamp is taken
  bool required = false;        ///< a picture that cannot be stamped is an error
  double seconds = 10;          ///< for one answer
};

/// Time stamping as `config` says; nothing is stamped without a URL. After an answer that failed to come the
/// authority is left alone for a while, so that each picture does not wait for it. `http` and `clock` outlive
/// it; `told` is TimeStamping's.
Result<TimeStamping> time_stamping_of(const TimeStampConfig& config, HttpClient& http, const Clock& clock,
                                      std::function<void(const Error*)> told);

/// The roots of config.trust, as PEM; none without one.
Result<std::vector<std::string>> time_stamp_roots(const TimeStampConfig& config);

}  // namespace limner
