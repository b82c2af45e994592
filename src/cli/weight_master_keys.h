#pragma once
// The master keys as weights of models are encrypted by them.

#include <filesystem>
#include <memory>

#include "base/sealed_weights.h"

namespace limner {

/// Names the file by which encrypted weights are opened from now on; empty: the one that
/// $LIMNER_ENCRYPTION_MASTER_KEY names, if it names any. It is read when such weights are opened, so that a
/// rotation needs no restart. Before there are threads.
void open_weights_with(const std::filesystem::path& master_file);

/// `invalid`, with how to name it, if `master_file` is empty and the environment names none.
Result<std::shared_ptr<WeightKeys>> read_weight_keys(const std::filesystem::path& master_file);

}  // namespace limner
