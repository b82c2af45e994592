#include "engine/draw_once.h"

#include "engine/model.h"

namespace limner {
namespace {

Picture grey(int width, int height, int channels) {
  return {width, height, channels, std::vector<uint8_t>(static_cast<size_t>(width) * height * channels, 128)};
}

}  // namespace

DrawingInputs grey_inputs(const Model& model) {
  const ModelInfo info = model_info(model);
  DrawingInputs inputs;
  if (info.inpainting || info.edits_by_instruction) inputs.init = grey(info.width, info.height, 3);
  if (info.inpainting) inputs.mask = grey(info.width, info.height, 1);
  for (size_t i = 0; i < model.controlnets().size(); ++i)
    inputs.controls.push_back({grey(info.width, info.height, 3)});
  return inputs;
}

Result<void> draw_once(Model& model, const std::function<bool()>& opened) {
  DrawingParams params;
  params.seed = 0;
  params.steps = 1;
  params.sampler = "euler";
  const DrawingPtr drawing = TRY(open(model, params, grey_inputs(model)));
  if (opened && !opened()) return Error{Code::cancelled, "model", "loading was interrupted", ""};
  Drawing* const one[] = {drawing.get()};
  while (!drawn(*drawing)) TRY(step(one));
  TRY(finish(*drawing));
  return {};
}

}  // namespace limner
