#include "api/picture_urls.h"

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/sha256.h"

namespace limner {

std::string base_url(const Services& services, const Request& request) {
  if (!services.config.public_url.empty()) {
    std::string url = services.config.public_url;
    while (url.ends_with('/')) url.pop_back();
    return url;
  }
  const bool encrypted = request.encrypted || request.header("x-forwarded-proto") == "https";
  return fmt::format("{}://{}", encrypted ? "https" : "http", request.header("host"));
}

std::string picture_url(Services& services, const Request& request, const PictureRow& picture) {
  return picture_url(services, request, picture, services.config.picture_url_seconds);
}

std::string picture_url(Services& services, const Request& request, const PictureRow& picture, int seconds) {
  // Ours asks whether it is withheld each time it is used; the store's cannot.
  const bool withheld = !services.worker.containment().check_picture(picture);
  if (!withheld)
    if (std::optional<std::string> url = services.store.signed_url(picture.key, seconds)) return *url;
  const std::string path = fmt::format("/v1/pictures/{}/bytes", picture.id);
  const std::string query = services.signer.sign(path, services.clock.now() + seconds * kSecondUs);
  return fmt::format("{}{}?{}", base_url(services, request), path, query);
}

Result<std::string> read_picture_file(Services& services, const PictureRow& picture) {
  TRY(services.worker.containment().check_picture(picture));
  Result<std::string> bytes = services.store.get(picture.key, picture.bytes);
  // Longer than it was: that is no limit that whoever asks could keep to.
  const bool longer = !bytes && bytes.error().code == Code::too_large;
  if (longer || (bytes && sha256_hex(as_bytes(*bytes)) != picture.sha256))
    return Error{Code::data_loss, picture.id, "the bytes in the store are not those that were drawn", {}};
  return bytes;
}

namespace {

void count_sent(Services& services, const Job& job, const PictureRow& picture, uint64_t bytes) {
  const int64_t cost =
      cost_micros(services.prices, job.model, static_cast<int>(job.tier), {.bytes_sent = bytes});
  services.ledger.pictures().add_sent(picture.id, bytes, cost);
}

}  // namespace

void count_sent(Services& services, const PictureRow& picture, uint64_t bytes) {
  if (const Result<Job> job = services.ledger.jobs().find(picture.job); job)
    count_sent(services, *job, picture, bytes);
  else
    services.ledger.pictures().add_sent(picture.id, bytes, 0);
}

Result<std::string> picture_bytes(Services& services, const PictureRow& picture) {
  std::string bytes = TRY(read_picture_file(services, picture));
  count_sent(services, picture, bytes.size());
  return bytes;
}

Result<std::string> picture_bytes(Services& services, const JobView& view, size_t index) {
  const PictureRow& picture = view.pictures.at(index);
  if (index >= view.files.size()) return picture_bytes(services, picture);
  TRY(services.worker.containment().check_picture(picture));
  const std::vector<std::byte>& file = *view.files[index];
  count_sent(services, view.job, picture, file.size());
  return std::string(reinterpret_cast<const char*>(file.data()), file.size());
}

}  // namespace limner
