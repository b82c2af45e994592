#pragma once
// A LoRA file, its keys sorted into modules and parts. Which module of a model each belongs to is not known
// here.

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tensor/safetensors.h"

namespace limner {

/// What a tensor is to its module.
enum class LoraPart : uint8_t {
  down,
  up,
  mid,
  alpha,  // LoRA, LoCon
  hada_1a,
  hada_1b,
  hada_1t,
  hada_2a,
  hada_2b,
  hada_2t,  // LoHa
  lokr_1,
  lokr_1a,
  lokr_1b,
  lokr_2,
  lokr_2a,
  lokr_2b,
  lokr_2t,  // LoKr
  diff,
  diff_bias  // the difference itself
};

enum class LoraKind : uint8_t { low_rank, hadamard, kronecker, difference };

/// The change of one weight (and bias).
struct LoraModule {
  std::string name;  ///< as the file writes it, without its part: "lora_unet_mid_block_attentions_0_proj_in"
  std::string flat;  ///< the same with '.' written '_': what tables are searched for
  LoraKind kind = LoraKind::low_rank;
  std::map<LoraPart, std::string> keys;  ///< the tensors' names
  std::optional<float> alpha;            ///< the change is scaled by alpha / rank; absent: by 1
  bool root_of_rank = false;  ///< by alpha / sqrt(rank) instead (rank-stabilised LoRA, arXiv:2312.03732)

  bool has(LoraPart part) const { return keys.contains(part); }
};

/// Immutable; safe from any thread.
class LoraFile {
 public:
  /// Sorts the keys of `tensors`. Errors as those of open_lora.
  static Result<std::shared_ptr<const LoraFile>> make(std::shared_ptr<const SafetensorsFile> tensors);

  /// The file's name without folder and extension.
  std::string name() const { return tensors_->path().stem().string(); }
  const SafetensorsFile& tensors() const { return *tensors_; }
  const std::vector<LoraModule>& modules() const { return modules_; }
  /// Keys that are no part of any change that is known.
  const std::vector<std::string>& others() const { return others_; }

 private:
  LoraFile() = default;
  std::shared_ptr<const SafetensorsFile> tensors_;
  std::vector<LoraModule> modules_;
  std::vector<std::string> others_;
};

/// `name` with every '.' written '_'.
std::string flat_name(std::string_view name);

}  // namespace limner
