#include "nets/activation_name.h"

namespace limner {

Result<std::optional<op::Activation>> read_optional_activation(ConfigReader& config, std::string_view key) {
  const std::string name = TRY(config.choice(key, "", {"silu", "swish", "gelu", "relu"}));
  std::optional<op::Activation> activation;
  if (name == "silu" || name == "swish") activation = op::Activation::silu;
  if (name == "gelu") activation = op::Activation::gelu;
  if (name == "relu") activation = op::Activation::relu;
  return activation;
}

Result<op::Activation> read_activation(ConfigReader& config, std::string_view key, op::Activation fallback) {
  return TRY(read_optional_activation(config, key)).value_or(fallback);
}

}  // namespace limner
