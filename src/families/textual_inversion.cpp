#include "families/textual_inversion.h"

#include <fmt/format.h>

#include "tensor/safetensors.h"

namespace limner {
namespace {

// CLIP reads 77 tokens, of which the first and the last are marks.
constexpr int64_t kVectorsMax = 75;
constexpr int64_t kWidthMax = 8192;

Result<TextualInversion::Vectors> read_vectors(const SafetensorsFile& file, const std::string& name) {
  const Shape shape = TRY(file.shape_of(name));
  const bool one = shape.rank() == 1;
  TextualInversion::Vectors vectors;
  vectors.count = one ? 1 : shape.rank() == 2 ? shape[0] : 0;
  vectors.width = vectors.count > 0 ? shape.back() : 0;
  if (vectors.count < 1 || vectors.count > kVectorsMax || vectors.width < 1 || vectors.width > kWidthMax)
    return invalid(file.path().string(), fmt::format("tensor '{}' is {}; an embedding has 1 to {} vectors",
                                                     name, shape.text(), kVectorsMax));
  const Weight weight = TRY(file.get(name, shape));
  vectors.values.resize(static_cast<size_t>(shape.count()));
  convert_to_f32(weight.view.dtype, weight.view.data, vectors.values.size(), vectors.values.data());
  return vectors;
}

}  // namespace

const TextualInversion::Vectors* TextualInversion::for_width(int64_t width, size_t index) const {
  if (index < encoders.size() && encoders[index].width == width) return &encoders[index];
  for (const Vectors& vectors : encoders)
    if (vectors.width == width) return &vectors;
  return nullptr;
}

Result<TextualInversion> read_textual_inversion(const std::filesystem::path& path) {
  const std::shared_ptr<const SafetensorsFile> file = TRY(open_safetensors(path));
  const std::vector<std::string> names = file->names();
  TextualInversion embedding;
  embedding.token = path.stem().string();
  if (names == std::vector<std::string>{"clip_g", "clip_l"}) {
    embedding.encoders = {TRY(read_vectors(*file, "clip_l")), TRY(read_vectors(*file, "clip_g"))};
    return embedding;
  }
  if (names.size() != 1)
    return unsupported(path.string(),
                       fmt::format("{} tensors are no embedding of a kind that is known", names.size()),
                       "expected one tensor, or clip_l and clip_g");
  if (names[0] != "emb_params") embedding.token = names[0];
  embedding.encoders[0] = TRY(read_vectors(*file, names[0]));
  return embedding;
}

}  // namespace limner
