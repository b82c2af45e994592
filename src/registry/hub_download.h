#pragma once
// Fetching one file so that it can be interrupted anywhere. Internal to hub.cpp.

#include <filesystem>

#include "registry/hub_listing.h"

namespace limner {

/// Content of a repository by digest, whole and partial, in a folder. Files that two revisions share are
/// fetched once.
class BlobFolder {
 public:
  BlobFolder(std::filesystem::path folder, const PullRequest& request, HttpClient& http)
      : folder_(std::move(folder)), request_(request), http_(http) {}

  /// How much there is to be fetched in all, for progress.
  void expect(uint64_t bytes) { total_ += bytes; }
  /// Fetches `file`, from where an earlier call stopped; its place in this folder. Tries again while the
  /// connection breaks; `unavailable` when nothing comes any more, `data_loss` when what came is not what the
  /// digest promises.
  Result<std::filesystem::path> fetch(const HubFile& file, const std::string& commit);

  uint64_t fetched_bytes() const { return fetched_; }
  uint64_t resumed_bytes() const { return resumed_; }

 private:
  Result<void> fetch_rest(const HubFile& file, const std::string& commit, const std::filesystem::path& part);
  /// Bytes that came, more than none unless the file is whole; after them the connection broke or the file is
  /// whole.
  Result<uint64_t> fetch_once(const HubFile& file, const std::string& commit,
                              const std::filesystem::path& part);
  Result<void> wait_before_try(int tries, const std::string& path) const;
  Result<void> start_over(const std::filesystem::path& part, uint64_t done_before);
  bool report(const std::string& path) const;

  std::filesystem::path folder_;
  const PullRequest& request_;
  HttpClient& http_;
  uint64_t total_ = 0, done_ = 0, fetched_ = 0, resumed_ = 0;
};

}  // namespace limner
