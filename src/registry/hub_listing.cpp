#include "registry/hub_listing.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"

namespace limner {
namespace {

constexpr size_t kListingBytesMax = 32u << 20;
constexpr size_t kFilesMax = 100'000;
constexpr uint64_t kFileBytesMax = uint64_t{1} << 40;
constexpr size_t kPathBytesMax = 400;

// "unet/config.json": no way out of a folder, nothing hidden, nothing that a file system reads otherwise.
bool is_safe_path(std::string_view path) {
  if (path.empty() || path.size() > kPathBytesMax) return false;
  if (std::ranges::any_of(
          path, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\\' || c == 127; }))
    return false;
  while (true) {
    const size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part.empty() || part.front() == '.') return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

bool is_hexadecimal(std::string_view text, size_t size) {
  return text.size() == size && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string text_at(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Error not_a_hubs_answer(const std::string& what) {
  return Error{Code::unavailable, "mirror", fmt::format("its answer is not a model hub's: {}", what),
               "is it the address of one?"};
}

Result<HubFile> read_file_entry(const Json& entry) {
  HubFile file;
  file.path = text_at(entry, "rfilename");
  file.blob = text_at(entry, "blobId");
  const auto lfs = entry.find("lfs");
  const bool large = lfs != entry.end() && lfs->is_object();
  if (large) file.sha256 = text_at(*lfs, "sha256");
  const Json& sized = large ? *lfs : entry;
  const auto size = sized.find("size");
  if (size == sized.end() || !size->is_number_unsigned() || size->get<uint64_t>() > kFileBytesMax)
    return not_a_hubs_answer(fmt::format("{} has no size", file.path.substr(0, 100)));
  file.size = size->get<uint64_t>();
  if (large ? !is_hexadecimal(file.sha256, 64) : !is_hexadecimal(file.blob, 40))
    return not_a_hubs_answer(fmt::format("{} has no digest", file.path.substr(0, 100)));
  return file;
}

Result<HubListing> read_listing(std::string_view text) {
  const Json json = TRY(parse_json(text, "mirror", {.bytes_max = kListingBytesMax, .keys_max = 4096}));
  if (!json.is_object()) return not_a_hubs_answer("it is no JSON object");
  HubListing listing;
  listing.commit = text_at(json, "sha");
  const auto siblings = json.find("siblings");
  if (!is_hexadecimal(listing.commit, 40)) return not_a_hubs_answer("it names no commit");
  if (siblings == json.end() || !siblings->is_array() || siblings->size() > kFilesMax)
    return not_a_hubs_answer("it lists no files");
  for (const Json& entry : *siblings) {
    if (!entry.is_object() || !is_safe_path(text_at(entry, "rfilename"))) continue;
    listing.files.push_back(TRY(read_file_entry(entry)));
  }
  return listing;
}

}  // namespace

const HubFile* HubListing::find(const std::string& path) const {
  const auto found = std::ranges::find(files, path, &HubFile::path);
  return found == files.end() ? nullptr : &*found;
}

Result<Url> file_url(const PullRequest& request, const std::string& commit, const std::string& path) {
  Url url = TRY(parse_url(request.mirror, "mirror"));
  while (url.path.ends_with('/')) url.path.pop_back();
  url.path += fmt::format("/{}/resolve/{}/{}", request.repository, commit, percent_encode(path, true));
  return url;
}

HttpRequest hub_request(const PullRequest& request, Url url) {
  HttpRequest made;
  made.url = std::move(url);
  made.headers = {{"Accept", "*/*"}};
  if (!request.token.empty()) made.headers.emplace_back("Authorization", "Bearer " + request.token);
  made.connect_seconds = 15;
  made.redirects_max = 5;
  if (request.progress) made.stop = [&request] { return !request.progress("", 0, 0); };
  return made;
}

Error hub_refusal(const PullRequest& request, const HttpResponse& response) {
  const std::string page = fmt::format("{}/{}", request.mirror, request.repository);
  const std::string_view why = response.header("X-Error-Code");
  const bool gated = why == "GatedRepo";
  if (why == "RepoNotFound")
    return not_found("repository", fmt::format("{} is not there, or not for everybody", page),
                     "a private one needs --token-file or HF_TOKEN");
  if (response.status == 401)
    return Error{
        Code::unauthenticated, "token",
        fmt::format("{} wants to know who asks{}", page, gated ? ": its terms must be accepted" : ""),
        "accept its terms on that page if it asks for that, then give --token-file or HF_TOKEN"};
  if (response.status == 403)
    return Error{
        Code::forbidden, "token", fmt::format("{} is not open to this token", page),
        "ask for access on that page; a fine-grained token needs the right to read gated repositories"};
  if (response.status == 404)
    return not_found(why == "RevisionNotFound" ? "revision" : "repository",
                     fmt::format("there is no {} at {}", page, request.revision));
  return Error{Code::unavailable, "mirror", fmt::format("{} answered with status {}", page, response.status),
               "try again: it goes on where it stopped"};
}

Result<HubListing> list_repository(const PullRequest& request, HttpClient& http) {
  Url url = TRY(parse_url(request.mirror, "mirror"));
  while (url.path.ends_with('/')) url.path.pop_back();
  url.path += fmt::format("/api/models/{}/revision/{}", request.repository, percent_encode(request.revision));
  url.query = "blobs=true";
  HttpRequest ask = hub_request(request, std::move(url));
  ask.response_bytes_max = kListingBytesMax;
  const HttpResponse response = TRY(http.send(ask));
  if (response.status != 200) return hub_refusal(request, response);
  return read_listing(response.body);
}

}  // namespace limner
