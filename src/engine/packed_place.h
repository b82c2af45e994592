#pragma once
// Where the packed weights of a model's network are kept. Internal to engine/.

#include <string>

#include "backend/backend.h"

namespace limner {

class Model;

/// `digest` is of the model's weight files. An empty path: there is no cache folder.
PackedPlace packed_place(const Model& model, const std::string& digest, const std::string& network);

}  // namespace limner
