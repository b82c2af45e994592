#include "sampling/named.h"
#include "sampling/sampler.h"

namespace limner {

extern const SamplerInfo kEuler, kEulerAncestral, kHeun, kLms, kDpm2, kDpm2Ancestral, kDdim, kPlms, kLcm,
    kTcd, kDdpm;
extern const SamplerInfo kDpmpp2m, kDpmpp2mSde, kDpmpp2mSdeHeun, kDpmpp3mSde, kDpmppSde, kDpmpp2sAncestral,
    kUniPc, kDeis;

namespace {

// A sampler exists for the CLI, the docs and the tests by being named here.
constexpr const SamplerInfo* kSamplers[] = {&kEuler,
                                            &kEulerAncestral,
                                            &kHeun,
                                            &kLms,
                                            &kDpm2,
                                            &kDpm2Ancestral,
                                            &kDdim,
                                            &kPlms,
                                            &kLcm,
                                            &kTcd,
                                            &kDdpm,
                                            &kDpmpp2m,
                                            &kDpmpp2mSde,
                                            &kDpmpp2mSdeHeun,
                                            &kDpmpp3mSde,
                                            &kDpmppSde,
                                            &kDpmpp2sAncestral,
                                            &kUniPc,
                                            &kDeis};

}  // namespace

std::span<const SamplerInfo* const> samplers() { return kSamplers; }

Result<const SamplerInfo*> find_sampler(std::string_view name) {
  return find_named(samplers(), name, "sampler");
}

void start(Sampler& sampler, const SamplerRequest&, std::span<const float> clean,
           std::span<const float> noise) {
  const std::span<float> latent = sampler.latent();
  if (!clean.empty()) return sampler.noised(clean, noise, latent);
  const float scale = sampler.init_noise_sigma();
  for (size_t i = 0; i < latent.size(); ++i) latent[i] = noise[i] * scale;
}

}  // namespace limner
