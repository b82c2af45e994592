#include "registry/hub_download.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "base/files.h"
#include "base/git_blob.h"
#include "base/sha256.h"

namespace limner {
namespace {

namespace fs = std::filesystem;
using SteadyClock = std::chrono::steady_clock;

/// Tries in a row that bring nothing.
constexpr int kTriesMax = 4;
constexpr double kFirstWaitSeconds = 0.25, kLongestWaitSeconds = 4;
/// Nothing for so long: the connection is dead, whatever its other end says.
constexpr std::chrono::seconds kStalled{60};
/// Hubs keep larger files in LFS.
constexpr size_t kBlobBytesMax = 64u << 20;

uint64_t size_of(const fs::path& path) {
  std::error_code error;
  const uint64_t size = fs::file_size(path, error);
  return error ? 0 : size;
}

Error download_interrupted() { return Error{Code::cancelled, "", "interrupted", ""}; }

Result<bool> is_as_promised(const HubFile& file, const fs::path& part) {
  if (size_of(part) != file.size) return false;
  if (!file.sha256.empty()) return TRY(sha256_file(part)) == file.sha256;
  const std::string content = TRY(read_file(part, kBlobBytesMax));
  return git_blob_sha1(content) == file.blob;
}

// On the disk, not on its way there, before it gets the name of a whole file.
Result<void> settle(const fs::path& part, const fs::path& whole) {
  const int descriptor = ::open(part.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = descriptor >= 0 && ::fsync(descriptor) == 0;
  if (descriptor >= 0) ::close(descriptor);
  std::error_code error;
  if (synced) fs::rename(part, whole, error);
  if (!synced || error)
    return Error{Code::exhausted, whole.parent_path().string(), "cannot be written to", ""};
  return {};
}

}  // namespace

bool BlobFolder::report(const std::string& path) const {
  return !request_.progress || request_.progress(path, done_, total_);
}

Result<fs::path> BlobFolder::fetch(const HubFile& file, const std::string& commit) {
  fs::path whole = folder_ / file.digest();
  if (std::error_code error; fs::exists(whole, error)) {
    done_ += file.size;
    resumed_ += file.size;
    return whole;
  }
  const fs::path part = folder_ / (file.digest() + ".part");
  const uint64_t before = done_, kept = size_of(part);
  done_ += kept;
  TRY(fetch_rest(file, commit, part));
  bool whole_now = TRY(is_as_promised(file, part));
  if (whole_now) resumed_ += kept;
  if (!whole_now && kept > 0) {
    // What an earlier call left may be what is wrong: all of it once more.
    TRY(start_over(part, before));
    TRY(fetch_rest(file, commit, part));
    whole_now = TRY(is_as_promised(file, part));
  }
  if (!whole_now) {
    TRY(start_over(part, before));
    return Error{Code::data_loss, file.path,
                 fmt::format("what came is not what {} promises: its digest is not {}", request_.mirror,
                             file.digest()),
                 "try again, or another mirror"};
  }
  TRY(settle(part, whole));
  done_ = before + file.size;
  return whole;
}

Result<void> BlobFolder::start_over(const fs::path& part, uint64_t done_before) {
  std::error_code error;
  fs::remove(part, error);
  if (error) return Error{Code::exhausted, part.parent_path().string(), "cannot be written to", ""};
  done_ = done_before;
  return {};
}

Result<void> BlobFolder::fetch_rest(const HubFile& file, const std::string& commit, const fs::path& part) {
  for (int tries = 0; size_of(part) < file.size || !fs::exists(part);) {
    const Result<uint64_t> came = fetch_once(file, commit, part);
    if (came && *came > 0) {
      tries = 0;
      continue;
    }
    if (!came && came.error().code != Code::unavailable && came.error().code != Code::deadline)
      return came.error();
    if (!came && ++tries == kTriesMax) return came.error();
    if (!came) TRY(wait_before_try(tries, file.path));
  }
  return {};
}

Result<void> BlobFolder::wait_before_try(int tries, const std::string& path) const {
  const double seconds = backoff_seconds(tries, kFirstWaitSeconds, kLongestWaitSeconds);
  const auto until = SteadyClock::now() + std::chrono::duration<double>(seconds);
  while (SteadyClock::now() < until) {
    if (!report(path)) return download_interrupted();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return {};
}

Result<uint64_t> BlobFolder::fetch_once(const HubFile& file, const std::string& commit,
                                        const fs::path& part) {
  const uint64_t offset = size_of(part);
  std::ofstream out(part, std::ios::binary | std::ios::app);
  HttpRequest request = hub_request(request_, TRY(file_url(request_, commit, file.path)));
  if (offset > 0) request.headers.emplace_back("Range", fmt::format("bytes={}-", offset));
  request.total_seconds = 86'400;
  request.response_bytes_max = file.size + 1;
  uint64_t came = 0;
  bool too_much = false, stopped = false, stalled = false;
  SteadyClock::time_point heard = SteadyClock::now();
  request.on_data = [&](std::string_view piece) {
    too_much = piece.size() > file.size - offset - came;
    if (too_much || !out.write(piece.data(), static_cast<std::streamsize>(piece.size()))) return false;
    came += piece.size();
    done_ += piece.size();
    heard = SteadyClock::now();
    stopped = !report(file.path);
    return !stopped;
  };
  request.stop = [&] {
    stopped = !report(file.path);
    stalled = SteadyClock::now() - heard > kStalled;
    return stopped || stalled;
  };
  const Result<HttpResponse> response = http_.send(request);
  out.close();
  fetched_ += came;
  if (stopped) return download_interrupted();
  if (!out)
    return Error{Code::exhausted, part.parent_path().string(), "the disk is full or cannot be written to",
                 ""};
  const int status = response ? response->status : 0;
  // A server that does not know ranges sends the file from its beginning, and one may have another file of
  // that name.
  if (offset > 0 && (too_much || status == 200 || status == 416)) {
    TRY(start_over(part, done_ - offset - came));
    return came + 1;
  }
  if (response && (status < 200 || status > 299)) return hub_refusal(request_, *response);
  if (too_much)
    return Error{Code::data_loss, file.path, fmt::format("more came than the {} bytes promised", file.size),
                 ""};
  if (came > 0 || file.size == offset) return came;
  if (response || stalled)
    return Error{Code::unavailable, file.path, "nothing comes any more",
                 "try again: it goes on where it stopped"};
  return response.error();
}

}  // namespace limner
