#include "store/store.h"

#include "net/http_client.h"
#include "store/local_store.h"
#include "store/s3_store.h"

namespace limner {
namespace {

using Open = Result<std::unique_ptr<Store>>(const StoreConfig&, HttpClient&, const Clock&);

Result<std::unique_ptr<Store>> open_local(const StoreConfig& config, HttpClient&, const Clock& clock) {
  std::string_view folder = std::string_view(config.url).substr(std::string_view("file:").size());
  // A URL's empty host: file:///srv/pictures.
  if (folder.starts_with("///")) folder.remove_prefix(2);
  if (folder.empty() || folder.starts_with("//"))
    return invalid("store.url", "names no folder", "file:/srv/limner/pictures");
  return LocalStore::open(folder, clock, config.file_calls);
}

Result<std::unique_ptr<Store>> open_s3(const StoreConfig& config, HttpClient& http, const Clock& clock) {
  return S3Store::open(
      config, [&http](const HttpRequest& request) { return http.send(request); }, clock);
}

struct Storage {
  std::string_view scheme;
  Open* open;
};

// A kind of storage exists by being named here.
constexpr Storage kStorages[] = {{"file:", open_local}, {"s3://", open_s3}};

}  // namespace

Result<std::unique_ptr<Store>> open_store(const StoreConfig& config, HttpClient& http, const Clock& clock) {
  for (const Storage& storage : kStorages)
    if (config.url.starts_with(storage.scheme)) return storage.open(config, http, clock);
  return invalid("store.url", "is neither file:FOLDER nor s3://BUCKET/PREFIX");
}

}  // namespace limner
