#include "provenance/model/model_files.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/files.h"
#include "base/sealed_weights.h"
#include "base/sha256.h"

namespace limner {
namespace {

namespace fs = std::filesystem;

constexpr size_t kFilesMax = 65'536;
constexpr size_t kSignatureFileBytesMax = 32u << 20;
constexpr const char* kSignatureName = "model.sig";

Error unreadable(const fs::path& path, const std::error_code& error) {
  return {Code::unavailable, path.string(), "cannot be read: " + error.message(), {}};
}

}  // namespace

fs::path model_signature_path(const fs::path& model) {
  std::error_code ignored;
  if (fs::is_directory(model, ignored)) return model / kSignatureName;
  fs::path beside = model;
  beside += ".sig";
  return beside;
}

Result<std::map<std::string, fs::path>> files_of_model(const fs::path& path) {
  std::error_code error;
  std::map<std::string, fs::path> files;
  if (!fs::is_directory(path, error)) {
    files["."] = path;
    return files;
  }
  for (auto at = fs::recursive_directory_iterator(path, error); !error && at != fs::end(at);
       at.increment(error)) {
    const std::string name = at->path().lexically_relative(path).generic_string();
    // No part of a model: a version control's, or a download's, own.
    if (name.starts_with('.')) {
      at.disable_recursion_pending();
      continue;
    }
    const bool link = at->is_symlink(error);
    if (at->is_directory(error)) {
      if (link) return invalid(at->path().string(), "is a link to a folder", "put the folder there");
      continue;
    }
    if (!at->is_regular_file(error)) return invalid(at->path().string(), "is no file");
    if (name != kSignatureName) files[name] = at->path();
    if (files.size() > kFilesMax) return invalid(path.string(), fmt::format("has over {} files", kFilesMax));
  }
  if (error) return unreadable(path, error);
  return files;
}

Result<std::string> digest_of_model_file(const fs::path& path, const BytesRead& read) {
  Sha256 digest;
  // Of encrypted weights what they were was signed.
  TRY(read_weights(path, [&](std::span<const std::byte> piece) -> Result<void> {
    digest.update(piece);
    if (read && !read(piece.size())) return Error{Code::cancelled, "model", "checking was interrupted", {}};
    return {};
  }));
  return digest.finish_hex();
}

Result<void> check_model_files(const fs::path& path, const SignedModel& model, const BytesRead& read) {
  const std::map<std::string, fs::path> there = TRY(files_of_model(path));
  const auto changed = [&](const std::string& name, const char* what) {
    return Error{Code::data_loss, "model",
                 fmt::format("{}: {} {}", path.filename().string(), name == "." ? "it" : name, what),
                 "bring in the files that were signed, or sign these: limner model sign"};
  };
  std::map<std::string, std::string> listed;
  for (const SignedModel::File& file : model.files)
    if (!file.name.starts_with('.') || file.name == ".") listed[file.name] = file.sha256;
  // What is missing or more than was signed is known before anything is read.
  for (const auto& [name, digest] : listed)
    if (!there.contains(name)) return changed(name, "is missing");
  for (const auto& [name, where] : there)
    if (!listed.contains(name)) return changed(name, "was not signed");
  for (const auto& [name, where] : there)
    if (TRY(digest_of_model_file(where, read)) != listed[name])
      return changed(name, "is not what was signed");
  return {};
}

Result<SignedModel> verify_model(const fs::path& path, const ModelTrust& trust, TimeUs now,
                                 const BytesRead& read) {
  const Result<std::string> bundle = read_file(model_signature_path(path), kSignatureFileBytesMax);
  if (!bundle && bundle.error().code == Code::not_found)
    return Error{Code::forbidden, "model", fmt::format("{} is not signed", path.filename().string()),
                 "limner model sign signs it"};
  if (!bundle) return bundle.error();
  SignedModel model = TRY(read_model_signature(*bundle, trust, now));
  TRY(check_model_files(path, model, read));
  return model;
}

}  // namespace limner
