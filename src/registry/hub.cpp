#include "registry/hub.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>

#include "base/files.h"
#include "base/json.h"
#include "engine/plain_name.h"
#include "registry/hub_download.h"
#include "registry/hub_selection.h"

namespace limner {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSourceFile = "limner-source.json";

bool is_repository_part(std::string_view part) {
  return is_plain_name(part) && part.find(' ') == std::string_view::npos &&
         part.find("..") == std::string_view::npos;
}

Result<void> check_request(const PullRequest& request) {
  const size_t slash = request.repository.find('/');
  if (slash == std::string::npos || !is_repository_part(request.repository.substr(0, slash)) ||
      !is_repository_part(request.repository.substr(slash + 1)))
    return invalid("repository", fmt::format("\"{}\" is not ORG/NAME", request.repository.substr(0, 100)));
  if (request.revision.empty() || request.revision.size() > 200)
    return invalid("revision", "is not a branch, a tag or a commit");
  if (!request.file.empty() && !request.file.ends_with(".safetensors"))
    return unsupported("file", fmt::format("\"{}\" is not a .safetensors file", request.file.substr(0, 100)),
                       "other formats are pickles, which can run code when they are read");
  if (!request.name.empty() && !is_plain_name(request.name))
    return invalid("name", fmt::format("\"{}\": {}", request.name.substr(0, 100), kPlainNameRule));
  TRY(parse_url(request.mirror, "mirror"));
  return {};
}

// Two pulls into one place would write over each other.
class PullLock {
 public:
  static Result<PullLock> take(const fs::path& folder) {
    PullLock lock;
    lock.descriptor_ = ::open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (lock.descriptor_ < 0) return Error{Code::exhausted, folder.string(), "cannot be written to", ""};
    if (::flock(lock.descriptor_, LOCK_EX | LOCK_NB) != 0)
      return Error{Code::conflict, "name", "is being pulled by another process right now", ""};
    return lock;
  }
  PullLock(PullLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  PullLock& operator=(PullLock&&) = delete;
  ~PullLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

 private:
  PullLock() = default;
  int descriptor_ = -1;
};

/// One pull. Beside the target lies ".NAME.pull": blobs/ by digest, whole/ where the folder is put together.
class Pull {
 public:
  Pull(const PullRequest& request, HttpClient& http) : request_(request), http_(http) {
    const std::string last = request.file.empty()
                                 ? request.repository.substr(request.repository.find('/') + 1)
                                 : fs::path(request.file).stem().string();
    name_ = request.name.empty() ? last : request.name;
    target_ = request.into / (request.file.empty() ? name_ : name_ + ".safetensors");
    work_ = request.into / fmt::format(".{}.pull", target_.filename().string());
    source_ = request.file.empty() ? fs::path(target_) / kSourceFile
                                   : request.into / fmt::format("{}.{}", name_, kSourceFile);
  }

  Result<Pulled> run() {
    if (!is_plain_name(name_))
      return invalid("name", fmt::format("\"{}\": {}", name_.substr(0, 100), kPlainNameRule), "give --name");
    listing_ = TRY(list_repository(request_, http_));
    if (std::error_code error; fs::exists(target_, error)) return what_is_there();
    TRY(make_folder(work_ / "blobs"));
    const PullLock lock = TRY(PullLock::take(work_));
    locked_ = true;
    std::error_code error;
    fs::remove_all(work_ / "whole", error);  // of an earlier call, and perhaps of another revision
    BlobFolder blobs(work_ / "blobs", request_, http_);
    Selection selection = TRY(select(blobs));
    const uint64_t bytes = bytes_of(selection);
    TRY(check_room(bytes));
    blobs.expect(bytes);
    if (!selection.texts.empty()) {
      TRY(fetch(blobs, selection.texts));
      TRY(check_before_weights());
    }
    TRY(fetch(blobs, selection.weights));
    if (request_.check) TRY(request_.check(whole()));
    TRY(write_source());
    TRY(move_into_place());
    Pulled pulled{target_, listing_.commit, {}, blobs.fetched_bytes(), blobs.resumed_bytes()};
    for (const HubFile& file : taken_) pulled.files.push_back(file.path);
    return pulled;
  }

  // After a failure that a later call will meet again, what was fetched is of no use.
  void forget() const {
    std::error_code error;
    if (locked_) fs::remove_all(work_, error);
  }

 private:
  fs::path whole() const {
    return request_.file.empty() ? work_ / "whole" : work_ / "whole" / target_.filename();
  }

  Result<void> make_folder(const fs::path& folder) const {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error)
      return Error{Code::exhausted, request_.into.string(),
                   fmt::format("cannot be written to: {}", error.message()), ""};
    return {};
  }

  // The same pull twice finds its work done.
  Result<Pulled> what_is_there() const {
    const Error other{Code::conflict, "name", fmt::format("{} is there already and is another", name_),
                      "choose another --name, or remove it"};
    const Result<std::string> text = read_file(source_, 16u << 20);
    if (!text) return other;
    const Json source = TRY(parse_json(*text, source_.filename().string()));
    Pulled pulled{target_, listing_.commit, {}, 0, 0};
    const Json made = source_of({});
    for (const char* key : {"repository", "commit", "file"})
      if (!source.is_object() || source.value(key, Json()) != made[key]) return other;
    const Json files = source.value("files", Json::object());
    for (const auto& [path, digest] : files.items()) pulled.files.push_back(path);
    return pulled;
  }

  Result<Selection> select(BlobFolder& blobs) {
    Selection selection;
    if (!request_.file.empty()) {
      const HubFile* file = listing_.find(request_.file);
      if (!file)
        return not_found("file",
                         fmt::format("{} has no {}", request_.repository, request_.file.substr(0, 100)),
                         what_there_is());
      selection.weights.push_back(*file);
      return selection;
    }
    if (const HubFile* index = listing_.find("model_index.json")) {
      TRY(check_text_size(*index));
      blobs.expect(index->size);
      const fs::path blob = TRY(blobs.fetch(*index, listing_.commit));
      const std::string text = TRY(read_file(blob, kTextBytesMax));
      const Json json = TRY(parse_json(text, "model_index.json", {.non_finite_as_null = true}));
      selection = TRY(select_pipeline(listing_, json));
      TRY(place(*index, blob));
    } else {
      selection = TRY(select_component(listing_));
    }
    if (selection.weights.empty())
      return unsupported("repository",
                         fmt::format("{} holds no diffusers folder with safetensors", request_.repository),
                         what_there_is());
    return selection;
  }

  std::string what_there_is() const {
    std::string names;
    size_t count = 0;
    for (const HubFile& file : listing_.files)
      if (file.path.ends_with(".safetensors") && ++count <= 20)
        names += (names.empty() ? "" : ", ") + file.path;
    return names.empty() ? "it has no safetensors file at all"
                         : fmt::format("--file takes one of: {}{}", names, count > 20 ? ", ..." : "");
  }

  static Result<void> check_text_size(const HubFile& file) {
    if (file.size <= kTextBytesMax) return {};
    return Error{Code::too_large, file.path,
                 fmt::format("has {} bytes; at most {} are read", file.size, kTextBytesMax), ""};
  }

  static uint64_t bytes_of(const Selection& selection) {
    uint64_t bytes = 0;
    for (const auto* files : {&selection.texts, &selection.weights})
      for (const HubFile& file : *files) bytes += file.size;
    return bytes;
  }

  Result<void> check_room(uint64_t bytes) const {
    std::error_code error;
    const fs::space_info space = fs::space(work_, error);
    // Blobs of an earlier call are counted twice; who has so little room should know early.
    if (error || space.available >= bytes) return {};
    return Error{
        Code::exhausted, request_.into.string(),
        fmt::format("{} MiB are to be fetched and {} MiB are free", bytes >> 20, space.available >> 20), ""};
  }

  Result<void> fetch(BlobFolder& blobs, const std::vector<HubFile>& files) {
    for (const HubFile& file : files) {
      if (!file.path.ends_with(".safetensors")) TRY(check_text_size(file));
      const fs::path blob = TRY(blobs.fetch(file, listing_.commit));
      TRY(place(file, blob));
    }
    return {};
  }

  // A link where the file system has them: the blob is not there twice.
  Result<void> place(const HubFile& file, const fs::path& blob) {
    const fs::path path = request_.file.empty() ? work_ / "whole" / file.path : whole();
    TRY(make_folder(path.parent_path()));
    std::error_code error;
    fs::remove(path, error);
    fs::create_hard_link(blob, path, error);
    if (error) fs::copy_file(blob, path, error);
    if (error)
      return Error{Code::exhausted, path.string(), fmt::format("cannot be written: {}", error.message()), ""};
    taken_.push_back(file);
    return {};
  }

  // A pipeline that Limner does not draw with is refused by its configs, not after gigabytes.
  Result<void> check_before_weights() const {
    if (!request_.check) return {};
    const Result<void> checked = request_.check(whole());
    if (!checked && checked.error().code == Code::unsupported) return checked.error();
    return {};
  }

  Json source_of(const std::vector<HubFile>& files) const {
    Json source = {{"hub", request_.mirror},
                   {"repository", request_.repository},
                   {"revision", request_.revision},
                   {"commit", listing_.commit},
                   {"file", request_.file}};
    Json digests = Json::object();
    for (const HubFile& file : files)
      digests[file.path] = {{file.sha256.empty() ? "git_sha1" : "sha256", file.digest()},
                            {"size", file.size}};
    source["files"] = std::move(digests);
    return source;
  }

  Result<void> write_source() const {
    const std::string text = source_of(taken_).dump(2) + "\n";
    return write_file_atomically(request_.file.empty() ? whole() / kSourceFile : source_,
                                 std::as_bytes(std::span(text)));
  }

  Result<void> move_into_place() const {
    std::error_code error;
    fs::rename(whole(), target_, error);
    if (error)
      return Error{Code::exhausted, target_.string(), fmt::format("cannot be written: {}", error.message()),
                   ""};
    fs::remove_all(work_, error);
    return {};
  }

  static constexpr size_t kTextBytesMax = 16u << 20;
  const PullRequest& request_;
  HttpClient& http_;
  std::string name_;
  fs::path target_, work_, source_;
  HubListing listing_;
  std::vector<HubFile> taken_;
  bool locked_ = false;  ///< whether work_ is, or was, this pull's own
};

}  // namespace

Result<Pulled> pull(const PullRequest& request, HttpClient& http) {
  TRY(check_request(request));
  Pull work(request, http);
  Result<Pulled> pulled = work.run();
  const bool for_good =
      !pulled && (pulled.error().code == Code::unsupported || pulled.error().code == Code::invalid);
  if (for_good) work.forget();
  return pulled;
}

}  // namespace limner
