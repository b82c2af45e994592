#include "api/rate_limiter.h"

#include <algorithm>
#include <vector>

namespace limner {

std::string network_of(const std::string& remote) {
  if (remote.find('.') != std::string::npos) return remote;
  size_t end = 0;
  for (int group = 0; group < 4 && end < remote.size(); ++group)
    end = std::min(remote.find(':', end), remote.size() - 1) + 1;
  return remote.substr(0, end);
}
namespace {

// Whoever may never ask is told to come back in an hour: somebody may have thought better of it.
RateVerdict without_bucket(int per_minute) {
  if (per_minute < 0) return {};
  return {.allowed = false, .limit = 0, .remaining = 0, .reset_seconds = 3600, .retry_seconds = 3600};
}

}  // namespace

double RateLimiter::tokens_at(const Bucket& bucket, TimeUs now) {
  const double seconds = static_cast<double>(std::max<TimeUs>(now - bucket.filled, 0)) / kSecondUs;
  return std::min<double>(bucket.per_minute, bucket.tokens + seconds * bucket.per_minute / 60);
}

RateVerdict RateLimiter::verdict(double tokens, int per_minute, bool allowed) {
  RateVerdict verdict{.allowed = allowed, .limit = per_minute, .remaining = static_cast<int>(tokens)};
  verdict.reset_seconds = (per_minute - tokens) * 60 / per_minute;
  verdict.retry_seconds = tokens >= 1 ? 0 : (1 - tokens) * 60 / per_minute;
  return verdict;
}

RateVerdict RateLimiter::take(const std::string& name, int per_minute, TimeUs now) {
  if (per_minute <= 0) return without_bucket(per_minute);
  const std::lock_guard lock(mutex_);
  if (buckets_.size() >= names_max_ && !buckets_.contains(name)) forget_full(now);
  Bucket& bucket =
      buckets_.try_emplace(name, Bucket{static_cast<double>(per_minute), now, per_minute}).first->second;
  bucket.tokens = tokens_at(bucket, now);
  // A limit that was changed holds from the next request on.
  bucket.per_minute = per_minute;
  bucket.tokens = std::min<double>(bucket.tokens, per_minute);
  bucket.filled = now;
  const bool allowed = bucket.tokens >= 1;
  if (allowed) bucket.tokens -= 1;
  return verdict(bucket.tokens, per_minute, allowed);
}

RateVerdict RateLimiter::look(const std::string& name, int per_minute, TimeUs now) const {
  if (per_minute <= 0) return without_bucket(per_minute);
  const std::lock_guard lock(mutex_);
  const auto found = buckets_.find(name);
  if (found == buckets_.end()) return verdict(per_minute, per_minute, true);
  const double tokens = std::min<double>(tokens_at(found->second, now), per_minute);
  return verdict(tokens, per_minute, tokens >= 1);
}

size_t RateLimiter::size() const {
  const std::lock_guard lock(mutex_);
  return buckets_.size();
}

void RateLimiter::forget_full(TimeUs now) {
  std::erase_if(buckets_,
                [&](const auto& entry) { return tokens_at(entry.second, now) >= entry.second.per_minute; });
  if (buckets_.size() < names_max_) return;
  // All are in use: half of them go, those that have used the least.
  std::vector<std::pair<double, std::string>> used;
  for (const auto& [name, bucket] : buckets_)
    used.emplace_back(bucket.per_minute - tokens_at(bucket, now), name);
  const auto middle = used.begin() + static_cast<std::ptrdiff_t>(used.size() / 2);
  std::nth_element(used.begin(), middle, used.end());
  for (auto entry = used.begin(); entry != middle; ++entry) buckets_.erase(entry->second);
}

}  // namespace limner
