#include "engine/upscale_factor.h"

#include "nets/rrdbnet.h"
#include "nets/srvgg.h"
#include "tensor/safetensors.h"

namespace limner {

Result<int> upscale_factor(const std::filesystem::path& upscaler) {
  const std::shared_ptr<const SafetensorsFile> weights = TRY(open_safetensors(upscaler));
  const std::string field = upscaler.filename().string();
  const Result<RrdbNetConfig> rrdb = infer_rrdbnet(*weights, field);
  if (rrdb) return static_cast<int>(rrdb->scale());
  if (rrdb.error().code != Code::unsupported) return rrdb.error();
  const SrvggConfig srvgg = TRY(infer_srvgg(*weights, field));
  return static_cast<int>(srvgg.scale);
}

}  // namespace limner
