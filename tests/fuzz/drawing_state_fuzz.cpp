// Any bytes offered as a saved drawing: refused, or taken up and drawn on with. Since a digest guards a
// state, the bytes are also tried behind a true header and before a true digest, where they reach what lies
// behind those. Run where models/limner-tiny is.

#include "base/check.h"
#include "base/sha256.h"
#include "engine/engine.h"
#include "engine/model_library.h"

namespace {

using namespace limner;

DrawingParams brief() {
  DrawingParams params;
  params.prompt = "a red apple";
  params.seed = 7;
  params.width = params.height = 64;
  params.steps = 2;
  params.guidance = 1;
  params.hires_scale = 1.5;
  return params;
}

/// The default model and the header of a state of brief().
struct Subject {
  ModelPtr model;
  std::string header;

  Subject() {
    const Result<std::filesystem::path> path = find_model(kDefaultModel);
    LIMNER_CHECK(path, "the default model is there");
    Result<ModelPtr> loaded = load(*path, {.dtype = "f32", .threads = 1});
    LIMNER_CHECK(loaded, "and can be loaded");
    model = std::move(*loaded);
    const Result<DrawingPtr> drawing = open(*model, brief(), {});
    LIMNER_CHECK(drawing, "and drawn with");
    // Magic, version and fingerprint.
    header = save(**drawing).value().substr(0, 8 + 8 + 64);
  }
};

void try_state(Model& model, std::string_view state) {
  const Result<DrawingPtr> drawing = open(model, brief(), {});
  LIMNER_CHECK(drawing, "the subject can be drawn with");
  if (const Result<void> resumed = resume(**drawing, state); !resumed) {
    LIMNER_CHECK(resumed.error().code == Code::invalid, "what is refused is invalid");
    return;
  }
  Drawing* const one[] = {drawing->get()};
  if (!drawn(**drawing)) static_cast<void>(step(one));
  LIMNER_CHECK(progress(**drawing).done <= progress(**drawing).total, "progress is within its total");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Subject subject;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  try_state(*subject.model, bytes);
  const std::string content = subject.header + bytes;
  try_state(*subject.model, content + sha256_hex(std::as_bytes(std::span(content))));
  return 0;
}
