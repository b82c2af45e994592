#pragma once
// What a hub says that a repository holds. Internal to hub.cpp.

#include <cstdint>
#include <string>
#include <vector>

#include "registry/hub.h"

namespace limner {

/// One file, by the hub's word.
struct HubFile {
  std::string path;    ///< inside the repository, checked to be relative and plain
  uint64_t size = 0;   ///< bytes
  std::string sha256;  ///< of large files; else empty
  std::string blob;    ///< git's name of small files' content

  /// What its content is known by.
  const std::string& digest() const { return sha256.empty() ? blob : sha256; }
};

struct HubListing {
  std::string commit;
  std::vector<HubFile> files;

  const HubFile* find(const std::string& path) const;
};

/// Asks for the files of `request`'s revision. Files with names that lead out of a folder are left out.
Result<HubListing> list_repository(const PullRequest& request, HttpClient& http);

/// Where `path` of `commit` is fetched from.
Result<Url> file_url(const PullRequest& request, const std::string& commit, const std::string& path);

/// A request to the hub itself: with its token.
HttpRequest hub_request(const PullRequest& request, Url url);

/// What an answer other than success means.
Error hub_refusal(const PullRequest& request, const HttpResponse& response);

}  // namespace limner
