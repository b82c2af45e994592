#pragma once
// What the configs of a UNet and of a ControlNet have in common: everything but the way up.

#include <string>
#include <vector>

#include "nets/config_reader.h"
#include "nets/unet_config.h"

namespace limner {

/// Keys whose meaning differs between the two.
struct UnetHalfKeys {
  bool heads_by_name = false;         ///< num_attention_heads is honoured (diffusers refuses it in a UNet)
  bool middle_may_be_absent = false;  ///< mid_block_type null means none
};

/// Values a level, as written: needed again for the way up.
struct UnetLevels {
  std::vector<int64_t> layers;  ///< residual blocks
  std::vector<int64_t> heads;
  std::vector<bool> only_cross_attention;
};

struct UnetHalf {
  UnetConfig config;  ///< `up` still empty
  UnetLevels levels;
};

/// Reads the shared keys and checks that channels, groups and heads fit together.
Result<UnetHalf> read_unet_half(ConfigReader& config, const UnetHalfKeys& keys);

/// `invalid` when the stages together have more transformer blocks than any network in use could.
Result<void> check_depths(const ConfigReader& config, const std::vector<UnetStage>& stages);

/// Transformer depths after each of `layers` residual blocks of level `level`, from the list `key` of
/// integers or of lists of exactly `layers` integers. A plain integer counts for every level.
Result<std::vector<int64_t>> read_depth(ConfigReader& config, std::string_view key, size_t level,
                                        size_t levels, int64_t layers);

}  // namespace limner
