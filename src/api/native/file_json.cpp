#include "api/native/file_json.h"

namespace limner {

Json file_json(const Upload& upload) {
  const Json expires = upload.expires == 0 ? Json(nullptr) : Json(upload.expires / kSecondUs);
  return {{"id", upload.id},           {"object", "file"},
          {"bytes", upload.bytes},     {"created_at", upload.created / kSecondUs},
          {"expires_at", expires},     {"filename", upload.name},
          {"purpose", upload.purpose}, {"status", "processed"},
          {"sha256", upload.sha256}};
}

}  // namespace limner
