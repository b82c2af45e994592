#include "engine/picture_classifier.h"

#include <cmath>
#include <functional>
#include <mutex>
#include <span>

#include "engine/classifier_pictures.h"
#include "engine/network.h"
#include "nets/mobilenet_v2.h"
#include "nets/open_nsfw.h"
#include "tensor/safetensors.h"

namespace limner {

/// What is particular about a network.
struct ClassifierKind {
  std::vector<std::string> classes;
  int64_t side = 0;
  std::function<Result<std::vector<float>>(const Picture&)> prepare;
  std::function<Graph()> describe;
};

namespace {

ClassifierKind open_nsfw(const OpenNsfwConfig& config) {
  return {
      {"safe", "nsfw"},
      config.side,
      [config](const Picture& picture) { return prepare_open_nsfw(picture, static_cast<int>(config.side)); },
      [config] { return describe_open_nsfw(config, 1); }};
}

ClassifierKind mobilenet_v2(const MobileNetV2Config& config) {
  return {{"drawing", "hentai", "neutral", "porn", "sexy"},
          config.side,
          [config](const Picture& picture) -> Result<std::vector<float>> {
            return prepare_mobilenet_v2(picture, static_cast<int>(config.side));
          },
          [config] { return describe_mobilenet_v2(config, 1); }};
}

// The network whose weights these are.
Result<ClassifierKind> recognise(const WeightSource& weights, const std::string& file) {
  ClassifierKind kind;
  int64_t classes = 0;
  if (const Result<OpenNsfwConfig> config = infer_open_nsfw(weights, file)) {
    kind = open_nsfw(*config);
    classes = config->classes;
  } else if (const Result<MobileNetV2Config> other = infer_mobilenet_v2(weights, file)) {
    kind = mobilenet_v2(*other);
    classes = other->classes;
  } else {
    return unsupported(file, "is neither an open_nsfw nor nsfwjs's MobileNetV2: " + config.error().message +
                                 "; " + other.error().message);
  }
  if (classes != static_cast<int64_t>(kind.classes.size()))
    return unsupported(file, "has other classes than the network that we know");
  return kind;
}

Result<std::vector<float>> softmax(const std::vector<float>& logits) {
  double largest = logits.front(), sum = 0;
  for (const float logit : logits) {
    if (!std::isfinite(logit)) return invalid("classifier", "produced values that are not numbers");
    largest = std::max<double>(largest, logit);
  }
  std::vector<double> powers;
  for (const float logit : logits) sum += powers.emplace_back(std::exp(logit - largest));
  std::vector<float> scores;
  for (const double power : powers) scores.push_back(static_cast<float>(power / sum));
  return scores;
}

}  // namespace

struct PictureClassifier::Parts {
  ClassifierKind kind;
  std::unique_ptr<Backend> backend;
  Network network;
  std::unique_ptr<Workspace> workspace;
  std::mutex turn;
};

PictureClassifier::PictureClassifier(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
PictureClassifier::~PictureClassifier() = default;

const std::vector<std::string>& PictureClassifier::classes() const { return parts_->kind.classes; }

Result<std::unique_ptr<PictureClassifier>> PictureClassifier::load(const std::filesystem::path& path,
                                                                   int threads) {
  auto parts = std::make_unique<Parts>();
  const std::shared_ptr<const SafetensorsFile> weights = TRY(open_safetensors(path));
  parts->kind = TRY(recognise(*weights, path.filename().string()));
  parts->backend = make_cpu_backend(threads);
  parts->network = Network(*parts->backend, weights, Precision::f32);
  parts->workspace = parts->backend->make_workspace();
  std::unique_ptr<PictureClassifier> classifier(new PictureClassifier(std::move(parts)));
  return classifier;
}

Result<std::vector<float>> PictureClassifier::classify(const Picture& picture) const {
  if (picture.empty()) return invalid("picture", "has no pixels");
  const ClassifierKind& kind = parts_->kind;
  const std::vector<float> pixels = TRY(kind.prepare(picture));
  const std::lock_guard turn(parts_->turn);
  const std::shared_ptr<const Executable> run = TRY(parts_->network.compiled("", kind.describe));
  TRY(parts_->workspace->reserve(run->workspace_bytes()));
  std::vector<float> logits(kind.classes.size());
  const ConstTensorView in(DType::f32, {1, kind.side, kind.side, 3}, pixels.data());
  const TensorView out{DType::f32, {1, static_cast<int64_t>(logits.size())}, logits.data()};
  run->run({&in, 1}, {&out, 1}, *parts_->workspace);
  return softmax(logits);
}

}  // namespace limner
