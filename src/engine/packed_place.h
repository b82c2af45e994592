#pragma once
// Where the packed weights of a model's network are kept. Internal to engine/.

#include <filesystem>
#include <string>
#include <vector>

#include "backend/backend.h"

namespace limner {

class Model;

/// Whether any of these files is encrypted, or cannot be asked: what is packed of them must not lie on a
/// disk.
bool are_sealed(const std::vector<std::filesystem::path>& files);

/// `digest` is of the model's weight files. An empty path: there is no cache folder.
PackedPlace packed_place(const Model& model, const std::string& digest, const std::string& network);

}  // namespace limner
