// Draws with samplers and a made-up network, for comparison with diffusers:
//
//   run_sampler CASES.json LATENTS.f32
//
// CASES.json is a list of {"config": a scheduler_config.json, "sampler", "schedule", "steps", "skip", "eta",
// "seed", "size": [channels, height, width], "clean": image-to-image?, "inpaint": keep the first half?}. For
// each case a line
// {"timesteps"} or {"error"} is printed; the sampler "ddim_inversion" goes from the clean latent to noise;
// the latent before the first step and after every evaluation is appended to LATENTS.f32.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "base/files.h"
#include "base/json.h"
#include "sampling/inversion.h"
#include "sampling/noise.h"
#include "sampling/sampler.h"

namespace limner {
namespace {

// A smooth function of input and timestep whose f32 arithmetic Python repeats bit for bit.
void predict(const Ask& ask, std::span<float> prediction) {
  const auto linear = static_cast<float>(0.3 * std::cos(static_cast<double>(ask.timestep) / 1000));
  const auto bent = static_cast<float>(0.2 + 0.0003 * static_cast<double>(ask.timestep));
  for (size_t i = 0; i < prediction.size(); ++i) {
    const float x = ask.input[i];
    prediction[i] = x * linear + x / (x * x + 1) * bent;
  }
}

struct Case {
  TrainingSchedule training;
  SamplerRequest request;
  std::string sampler;
  bool clean, inpaint;
};

Result<Case> read_case(const Json& json) {
  Case drawing = {.training = TRY(read_training_schedule(json.at("config"), "config")),
                  .request = {},
                  .sampler = json.at("sampler"),
                  .clean = json.at("clean"),
                  .inpaint = json.at("inpaint")};
  SamplerRequest& request = drawing.request;
  request.schedule = json.at("schedule");
  request.steps = json.at("steps");
  request.skip = json.at("skip");
  request.eta = json.at("eta");
  request.seed = json.at("seed");
  request.channels = json.at("size").at(0);
  request.height = json.at("size").at(1);
  request.width = json.at("size").at(2);
  request.latent_size = static_cast<size_t>(request.channels * request.height * request.width);
  return drawing;
}

void write(std::span<const float> latent, std::FILE* out) {
  std::fwrite(latent.data(), sizeof(float), latent.size(), out);
}

// Draws and returns the timesteps asked for.
Result<Json> draw(Case& drawing, std::FILE* out) {
  SamplerRequest& request = drawing.request;
  request.training = &drawing.training;
  const bool inverts = drawing.sampler == "ddim_inversion";
  const auto sampler =
      inverts ? TRY(make_ddim_inversion(request)) : TRY(TRY(find_sampler(drawing.sampler))->make(request));
  const auto stream = TRY(find_noise_kind("torch"))->make(request.seed);
  const auto clean_stream = TRY(find_noise_kind("torch"))->make(request.seed + 1);
  std::vector<float> noise(request.latent_size), clean(request.latent_size), prediction(request.latent_size),
      kept(request.latent_size);
  clean_stream->normal(clean);
  stream->normal(noise);
  if (inverts)
    std::ranges::copy(clean, sampler->latent().begin());
  else
    start(*sampler, request, drawing.clean ? std::span<const float>(clean) : std::span<const float>(), noise);
  write(sampler->latent(), out);
  Json timesteps = Json::array();
  while (const auto ask = sampler->ask()) {
    timesteps.push_back(ask->timestep);
    predict(*ask, prediction);
    sampler->tell(prediction, *stream);
    if (drawing.inpaint) {
      sampler->noised(clean, noise, kept);
      std::copy_n(kept.begin(), kept.size() / 2, sampler->latent().begin());
    }
    write(sampler->latent(), out);
  }
  return Json{{"timesteps", std::move(timesteps)}};
}

Result<void> run(const char* cases_path, const char* latents_path) {
  const Json cases =
      TRY(parse_json(TRY(read_file(cases_path, 256u << 20)), cases_path, {.bytes_max = 256u << 20}));
  std::FILE* out = std::fopen(latents_path, "wb");
  if (out == nullptr) return invalid(latents_path, "cannot be written");
  for (const Json& json : cases) {
    Result<Case> drawing = read_case(json);
    const Result<Json> drawn = drawing ? draw(*drawing, out) : Result<Json>(drawing.error());
    std::puts((drawn ? *drawn : Json{{"error", drawn.error().text()}}).dump().c_str());
  }
  std::fclose(out);
  return {};
}

}  // namespace
}  // namespace limner

int main(int count, char** arguments) {
  if (count != 3) {
    std::fputs("usage: run_sampler CASES.json LATENTS.f32\n", stderr);
    return 2;
  }
  const limner::Result<void> result = limner::run(arguments[1], arguments[2]);
  if (!result) fmt::print(stderr, "{}\n", result.error().text());
  return result ? 0 : 1;
}
