#pragma once
// Loading one model for the pool: checked, loaded, and drawn with once. Internal to the pool.

#include <functional>
#include <memory>

#include "registry/model_pool.h"

namespace limner {

/// Loads `entry` with `options`, whose card is `card`. A digest the entry asks for is compared before any
/// weight is used: `data_loss` names both. So are signatures, as `catalogue` has the rules. `progress` gets 0
/// to 1 and stops with `cancelled` by false.
Result<std::shared_ptr<LoadedModel>> load_for_drawing(const Catalogue& catalogue, const ModelEntry& entry,
                                                      const LoadOptions& options, const ModelCard& card,
                                                      const std::string& key,
                                                      const std::function<bool(double)>& progress);

}  // namespace limner
