#include "engine/network.h"

namespace limner {

Network::Network(const Backend& backend, std::shared_ptr<const WeightSource> source, Precision precision)
    : backend_(&backend),
      precision_(precision),
      source_(std::move(source)),
      weights_(backend.make_weights(*source_, precision)) {}

}  // namespace limner
