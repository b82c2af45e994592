#include "cli/weight_master_keys.h"

#include <cstdlib>

#include "store/master_keys.h"

namespace limner {
namespace {

class MasterWeightKeys final : public WeightKeys {
 public:
  explicit MasterWeightKeys(MasterKeys keys) : keys_(std::move(keys)) {}
  std::string wraps_by() override { return keys_.id(); }
  Result<std::string> wrap(std::string_view secret, std::string_view bound) override {
    return keys_.wrap_bytes(secret, bound, keys_.id());
  }
  Result<std::string> unwrap(std::string_view wrapped, std::string_view bound, std::string_view by) override {
    return keys_.unwrap_bytes(wrapped, bound, by);
  }

 private:
  const MasterKeys keys_;
};

}  // namespace

Result<std::shared_ptr<WeightKeys>> read_weight_keys(const std::filesystem::path& master_file) {
  std::filesystem::path path = master_file;
  if (path.empty())
    if (const char* named = std::getenv("LIMNER_ENCRYPTION_MASTER_KEY")) path = named;
  if (path.empty())
    return invalid("encryption.master_key", "is not set, and these weights are encrypted by it",
                   "LIMNER_ENCRYPTION_MASTER_KEY=FILE names it, or the server's configuration");
  MasterKeys keys = TRY(MasterKeys::read(path));
  return std::shared_ptr<WeightKeys>(std::make_shared<MasterWeightKeys>(std::move(keys)));
}

void open_weights_with(const std::filesystem::path& master_file) {
  set_weight_keys([master_file] { return read_weight_keys(master_file); });
}

}  // namespace limner
