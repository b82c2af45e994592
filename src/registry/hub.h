#pragma once
// Models from a model hub that speaks Hugging Face's protocol, or a mirror of one.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/http_client.h"

namespace limner {

struct PullRequest {
  std::string repository;         ///< "ORG/NAME"
  std::string revision = "main";  ///< branch, tag or commit
  std::string file;  ///< one file of it (a LoRA, a single-file checkpoint); empty: a diffusers folder, whole
                     ///< pipeline or one component (a ControlNet)
  std::string mirror = "https://huggingface.co";
  std::string token;           ///< sent as Bearer to the mirror's own host only; empty: none
  std::filesystem::path into;  ///< folder that gets NAME/ or FILE
  std::string name;            ///< empty: the repository's last part, or the file's own name
  /// The file under way, and bytes of all files; false stops with `cancelled`.
  std::function<bool(const std::string& file, uint64_t done, uint64_t total)> progress;
  /// Asked of a folder that is about to become NAME, or of FILE: whether Limner can draw with it. Asked of a
  /// folder before its weights are fetched too, when only `unsupported` counts: what will not be drawn with
  /// is not fetched.
  std::function<Result<void>(const std::filesystem::path&)> check;
};

/// What was pulled.
struct Pulled {
  std::filesystem::path path;
  std::string commit;  ///< the revision as resolved
  std::vector<std::string> files;
  uint64_t bytes = 0, resumed_bytes = 0;
};

/// Asks for the repository's files, takes those that Limner reads (never pickles), each with HTTP ranges into
/// a partial file that a later call resumes, checks size and sha256 (LFS) or git blob sha1, and moves the
/// whole into place at the end with limner-source.json (repository, commit, digests) in it. Errors:
/// `not_found`, `unauthenticated` / `forbidden` (gated: what to do), `unavailable` (call again: it resumes),
/// `data_loss` (digest differs: the partial file is removed), `unsupported` (no safetensors there),
/// `conflict` (a model of that name that is another).
Result<Pulled> pull(const PullRequest& request, HttpClient& http);

}  // namespace limner
