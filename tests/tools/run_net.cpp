// Runs one network on given inputs, for comparison with the reference implementation:
//
//   run_net NET PATH INPUTS.safetensors OUTPUTS.safetensors [--backend ref|cpu] [--dtype
//   f32|bf16|bf16-direct]
//           [--threads N] [--tile] [--hidden N] [--no-norm] [--pooled] [--profile] [--serve] [--packed FILE]
//           [--int8]
//
// NET is clip_text, unet, controlnet, vae_decode, vae_encode, tiny_decode, tiny_encode, rrdbnet, srvgg,
// open_nsfw, mobilenet_v2 or chain: convolutions (of an input "x" of rank 4) or linear maps in a row, "0",
// "1", ... PATH is a folder with config.json and weights, or a weight file for the last five. Inputs have the
// names and the channels-last shapes that the descriptions in src/nets declare, all stored as floats (ids
// too). --tile wraps convolutions around in both axes; the next three are for clip_text. --profile also
// prints where the time of a run goes, the best of five. --serve is for benchmarks: once the first run is
// done it prints {"loaded_s": seconds from its start to before that run, "ready_s": to after it} and then,
// for each line it reads, {"ms": one run's time, "cpu_ms": processor time of all threads, "peak_bytes":
// memory used at most}. --packed takes packed weights from FILE, which is written if it is not there; whose
// they are is not checked. --int8 computes the linear maps of pictures and texts in 8 bits.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "base/files.h"
#include "base/json.h"
#include "base/memory.h"
#include "nets/clip_text.h"
#include "nets/clip_vision.h"
#include "nets/controlnet.h"
#include "nets/mobilenet_v2.h"
#include "nets/open_nsfw.h"
#include "nets/rrdbnet.h"
#include "nets/srvgg.h"
#include "nets/tiny_vae.h"
#include "nets/unet.h"
#include "nets/vae.h"
#include "tensor/component_files.h"
#include "tensor/safetensors.h"

namespace limner {
namespace {

struct Job {
  std::string net, path, inputs_path, outputs_path;
  std::string backend = "ref", dtype = "f32", packed_path;
  int threads = 0;
  bool profile = false, serve = false, int8 = false;
  GraphOptions graph;
  ClipTextShape clip;
};

/// What a description needs to see.
struct Scene {
  const Job& job;
  const WeightSource& weights;
  const SafetensorsFile& inputs;

  Result<Json> config() const {
    const auto path = std::filesystem::path(job.path) / "config.json";
    return parse_json(TRY(read_file(path, 1 << 20)), path.string());
  }
  Result<Shape> shape(std::string_view name, size_t rank) const {
    const Shape shape = TRY(inputs.shape_of(name));
    if (shape.rank() != rank) return invalid(std::string(name), fmt::format("shape {}", shape.text()));
    return shape;
  }
};

Result<Graph> clip_text(const Scene& scene) {
  const ClipTextConfig config = TRY(read_clip_text_config(TRY(scene.config()), "config.json"));
  const Shape ids = TRY(scene.shape("ids", 2));
  ClipTextShape shape = scene.job.clip;
  shape.batch = ids[0];
  shape.tokens = ids[1];
  const bool prefixed = scene.weights.has("text_model.final_layer_norm.weight");
  return describe_clip_text(config, shape, Scope{prefixed ? "text_model" : ""});
}

Result<Graph> clip_vision(const Scene& scene) {
  return describe_clip_vision(TRY(read_clip_vision_config(TRY(scene.config()), "config.json")));
}

template <class NetShape>
Result<NetShape> denoiser_shape(const Scene& scene) {
  const Shape sample = TRY(scene.shape("sample", 4));
  const Shape context = TRY(scene.shape("context", 3));
  NetShape shape;
  shape.batch = sample[0];
  shape.height = sample[1];
  shape.width = sample[2];
  shape.tokens = context[1];
  if (scene.inputs.has("time_ids")) shape.time_ids = TRY(scene.shape("time_ids", 2))[1];
  return shape;
}

Result<Graph> unet(const Scene& scene) {
  const UnetConfig config = TRY(read_unet_config(TRY(scene.config()), "config.json"));
  UnetShape shape = TRY(denoiser_shape<UnetShape>(scene));
  shape.control_residuals = scene.inputs.has("control_mid");
  return describe_unet(config, shape, scene.job.graph);
}

Result<Graph> controlnet(const Scene& scene) {
  const ControlNetConfig config = TRY(read_controlnet_config(TRY(scene.config()), "config.json"));
  ControlNetShape shape = TRY(denoiser_shape<ControlNetShape>(scene));
  shape.scaled = scene.inputs.has("scale");
  return describe_controlnet(config, shape, scene.job.graph);
}

Result<Graph> vae_decode(const Scene& scene) {
  const VaeConfig config = TRY(read_vae_config(TRY(scene.config()), "config.json"));
  const Shape latent = TRY(scene.shape("latent", 4));
  return describe_vae_decoder(config, {latent[0], latent[1], latent[2]}, scene.job.graph);
}

Result<Graph> vae_encode(const Scene& scene) {
  const VaeConfig config = TRY(read_vae_config(TRY(scene.config()), "config.json"));
  const Shape image = TRY(scene.shape("image", 4));
  return describe_vae_encoder(config, {image[0], image[1], image[2]}, scene.job.graph);
}

Result<Graph> tiny_decode(const Scene& scene) {
  const TinyVaeConfig config = TRY(read_tiny_vae_config(TRY(scene.config()), "config.json"));
  const Shape latent = TRY(scene.shape("latent", 4));
  return describe_tiny_vae_decoder(config, latent[0], latent[1], latent[2], scene.job.graph);
}

Result<Graph> tiny_encode(const Scene& scene) {
  const TinyVaeConfig config = TRY(read_tiny_vae_config(TRY(scene.config()), "config.json"));
  const Shape image = TRY(scene.shape("image", 4));
  return describe_tiny_vae_encoder(config, image[0], image[1], image[2], scene.job.graph);
}

Result<Graph> rrdbnet(const Scene& scene) {
  const RrdbNetConfig config = TRY(infer_rrdbnet(scene.weights, scene.job.path));
  const Shape image = TRY(scene.shape("image", 4));
  return describe_rrdbnet(config, image[0], image[1], image[2], scene.job.graph);
}

Result<Graph> srvgg(const Scene& scene) {
  const SrvggConfig config = TRY(infer_srvgg(scene.weights, scene.job.path));
  const Shape image = TRY(scene.shape("image", 4));
  return describe_srvgg(config, image[0], image[1], image[2], scene.job.graph);
}

Result<Graph> open_nsfw(const Scene& scene) {
  OpenNsfwConfig config = TRY(infer_open_nsfw(scene.weights, scene.job.path));
  const Shape picture = TRY(scene.shape("picture", 4));
  config.side = picture[1];
  return describe_open_nsfw(config, picture[0]);
}

Result<Graph> mobilenet_v2(const Scene& scene) {
  MobileNetV2Config config = TRY(infer_mobilenet_v2(scene.weights, scene.job.path));
  const Shape picture = TRY(scene.shape("picture", 4));
  config.side = picture[1];
  return describe_mobilenet_v2(config, picture[0]);
}

Result<Graph> chain(const Scene& scene) {
  const Shape first = TRY(scene.inputs.shape_of("x"));
  Graph graph(scene.job.graph);
  Value x = graph.input("x", first);
  for (int link = 0; scene.weights.has(fmt::format("{}.weight", link)); ++link) {
    const Scope scope(std::to_string(link));
    const Shape weight = TRY(scene.weights.shape_of(fmt::format("{}.weight", link)));
    x = first.rank() == 4 ? graph.conv2d(x, scope, {.out = weight[0], .kernel = weight[2]})
                          : graph.linear(x, scope, weight[0]);
  }
  graph.output("y", x);
  return graph;
}

struct Net {
  std::string_view name;
  Result<Graph> (*describe)(const Scene&);
};
constexpr Net kNets[] = {{"clip_text", clip_text},
                         {"clip_vision", clip_vision},
                         {"unet", unet},
                         {"controlnet", controlnet},
                         {"vae_decode", vae_decode},
                         {"vae_encode", vae_encode},
                         {"tiny_decode", tiny_decode},
                         {"tiny_encode", tiny_encode},
                         {"rrdbnet", rrdbnet},
                         {"srvgg", srvgg},
                         {"open_nsfw", open_nsfw},
                         {"mobilenet_v2", mobilenet_v2},
                         {"chain", chain}};

Result<Graph> describe(const Scene& scene) {
  for (const Net& net : kNets) {
    if (net.name == scene.job.net) return net.describe(scene);
  }
  return invalid("NET", scene.job.net + " is no network");
}

/// Has the linear maps of the graph computed in 8 bits, but for those of vectors.
void use_int8(Graph& graph) {
  std::set<std::string, std::less<>> weights;
  for (const Node& node : graph.nodes()) {
    if (node.inputs.empty() || graph.shape(node.inputs[0]).rank() < 3) continue;
    if (const auto* linear = std::get_if<op::Linear>(&node.op)) weights.insert(linear->weight);
    if (const auto* convolution = std::get_if<op::Conv2d>(&node.op)) weights.insert(convolution->weight);
  }
  graph.compute_in_int8(weights);
}

/// A tensor and its memory.
struct Buffer {
  std::string name;
  std::vector<std::byte> bytes;
  TensorView view;

  Buffer(std::string own_name, DType dtype, const Shape& shape)
      : name(std::move(own_name)), bytes(static_cast<size_t>(shape.count()) * dtype_bytes(dtype)) {
    view = TensorView{dtype, shape, bytes.data()};
  }
};

Result<Buffer> load_input(const SafetensorsFile& file, const op::Input& input, const Shape& shape) {
  const Weight stored = TRY(file.get(input.name, shape));
  Buffer buffer(input.name, input.integers ? DType::i32 : DType::f32, shape);
  std::vector<float> values(static_cast<size_t>(shape.count()));
  convert_to_f32(stored.view.dtype, stored.view.data, values.size(), values.data());
  if (!input.integers) {
    std::memcpy(buffer.bytes.data(), values.data(), buffer.bytes.size());
    return buffer;
  }
  for (size_t i = 0; i < values.size(); ++i) buffer.view.i32()[i] = static_cast<int32_t>(values[i]);
  return buffer;
}

Result<std::vector<Buffer>> load_inputs(const SafetensorsFile& file, const Graph& graph) {
  std::vector<Buffer> buffers;
  for (const Node& node : graph.nodes()) {
    const auto* input = std::get_if<op::Input>(&node.op);
    if (input) buffers.push_back(TRY(load_input(file, *input, node.shape)));
  }
  return buffers;
}

Result<void> write_safetensors(const std::string& path, const std::vector<Buffer>& tensors) {
  Json header = Json::object();
  size_t offset = 0;
  for (const Buffer& tensor : tensors) {
    const auto dims = tensor.view.shape.dims();
    header[tensor.name] = {{"dtype", "F32"},
                           {"shape", std::vector<int64_t>(dims.begin(), dims.end())},
                           {"data_offsets", {offset, offset + tensor.bytes.size()}}};
    offset += tensor.bytes.size();
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const uint64_t length = text.size();
  std::vector<std::byte> file(sizeof(length) + text.size());
  std::memcpy(file.data(), &length, sizeof(length));
  std::memcpy(file.data() + sizeof(length), text.data(), text.size());
  for (const Buffer& tensor : tensors) file.insert(file.end(), tensor.bytes.begin(), tensor.bytes.end());
  return write_file_atomically(path, file);
}

Result<std::shared_ptr<const WeightSource>> open_weights(const std::string& path) {
  if (std::filesystem::is_directory(path)) return open_component(path);
  return std::shared_ptr<const WeightSource>(TRY(open_safetensors(path)));
}

Result<Precision> precision_of(const Backend& backend, const std::string& dtype) {
  for (const Precision precision : kPrecisions) {
    if (precision_name(precision) == dtype && backend.supports(precision)) return precision;
  }
  return invalid("--dtype", dtype + " is not computed here");
}

/// A network ready to run, with the memory of its operands.
struct Ready {
  const Executable& executable;
  std::span<const ConstTensorView> inputs;
  std::span<const TensorView> outputs;
  Workspace& workspace;

  void run() const { executable.run(inputs, outputs, workspace); }
};

using SteadyClock = std::chrono::steady_clock;

double seconds_since(SteadyClock::time_point began) {
  return std::chrono::duration<double>(SteadyClock::now() - began).count();
}

void serve(const Ready& ready, double loaded_s, SteadyClock::time_point started) {
  fmt::print("{{\"loaded_s\": {:.4f}, \"ready_s\": {:.4f}}}\n", loaded_s, seconds_since(started));
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) {
    const auto began = SteadyClock::now();
    const std::clock_t cpu_began = std::clock();
    ready.run();
    const double cpu_ms = 1e3 * static_cast<double>(std::clock() - cpu_began) / CLOCKS_PER_SEC;
    fmt::print("{{\"ms\": {:.4f}, \"cpu_ms\": {:.4f}, \"peak_bytes\": {}}}\n", seconds_since(began) * 1e3,
               cpu_ms, peak_memory_bytes());
    std::fflush(stdout);
  }
}

/// Steps that do the same count as one line.
struct Line {
  std::string what;
  int count = 0;
  double operations = 0, ms = 0, cpu_ms = 0;
};

std::vector<Line> lines_of(const std::vector<StepTime>& steps) {
  std::map<std::string, Line> by_what;
  for (const StepTime& step : steps) {
    Line& line = by_what[step.what];
    line.what = step.what;
    ++line.count;
    line.operations += step.operations;
    line.ms += step.ms;
    line.cpu_ms += step.cpu_ms;
  }
  std::vector<Line> lines;
  for (auto& [what, line] : by_what) lines.push_back(std::move(line));
  std::sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) { return a.cpu_ms > b.cpu_ms; });
  return lines;
}

void print_profile(const Ready& ready) {
  constexpr int kRuns = 5;
  std::vector<StepTime> best;
  for (int i = 0; i < kRuns; ++i) {
    const std::vector<StepTime> steps =
        ready.executable.profile(ready.inputs, ready.outputs, ready.workspace);
    if (best.empty()) best = steps;
    for (size_t k = 0; k < steps.size(); ++k) {
      best[k].ms = std::min(best[k].ms, steps[k].ms);
      best[k].cpu_ms = std::min(best[k].cpu_ms, steps[k].cpu_ms);
    }
  }
  const std::vector<Line> lines = lines_of(best);
  double ms = 0, cpu_ms = 0;
  for (const Line& line : lines) {
    ms += line.ms;
    cpu_ms += line.cpu_ms;
  }
  fmt::print("{:.2f} ms together, {:.2f} ms of processor time; shares and GF/s a core are of the latter\n",
             ms, cpu_ms);
  for (const Line& line : lines)
    fmt::print("{:8.2f} ms {:8.2f} cpu {:5.1f} % {:6.0f} GF/s {:4} x {}\n", line.ms, line.cpu_ms,
               100 * line.cpu_ms / cpu_ms, line.operations / line.cpu_ms * 1e-6, line.count, line.what);
}

Result<void> run(const Job& job) {
  const auto started = SteadyClock::now();
  const auto weights = TRY(open_weights(job.path));
  const auto inputs_file = TRY(open_safetensors(job.inputs_path));
  Graph graph = TRY(describe(Scene{job, *weights, *inputs_file}));
  if (job.int8) use_int8(graph);
  const auto backend = job.backend == "cpu" ? make_cpu_backend(job.threads) : make_ref_backend();
  const auto packed = backend->make_weights(*weights, TRY(precision_of(*backend, job.dtype)));
  const PackedPlace place{job.packed_path, "run_net"};
  const bool attached = !job.packed_path.empty() && packed->attach(place);
  const auto executable = TRY(backend->compile(graph, *packed));
  const auto workspace = backend->make_workspace();
  TRY(workspace->reserve(executable->workspace_bytes()));

  const std::vector<Buffer> inputs = TRY(load_inputs(*inputs_file, graph));
  std::vector<Buffer> outputs;
  for (const GraphOutput& output : graph.outputs())
    outputs.emplace_back(output.name, DType::f32, graph.shape(output.value));
  std::vector<ConstTensorView> input_views;
  for (const Buffer& input : inputs) input_views.emplace_back(input.view);
  std::vector<TensorView> output_views;
  for (const Buffer& output : outputs) output_views.push_back(output.view);
  const Ready ready{*executable, input_views, output_views, *workspace};
  const double loaded_s = seconds_since(started);
  ready.run();
  if (!job.packed_path.empty() && !attached) TRY(packed->keep(place));
  if (job.profile) print_profile(ready);
  if (job.serve) serve(ready, loaded_s, started);
  return write_safetensors(job.outputs_path, outputs);
}

Result<Job> parse(std::vector<std::string> arguments) {
  Job job;
  std::vector<std::string> places;
  const std::map<std::string, std::function<void(const std::string&)>> valued = {
      {"--backend", [&](const std::string& value) { job.backend = value; }},
      {"--dtype", [&](const std::string& value) { job.dtype = value; }},
      {"--packed", [&](const std::string& value) { job.packed_path = value; }},
      {"--threads", [&](const std::string& value) { job.threads = std::atoi(value.c_str()); }},
      {"--hidden", [&](const std::string& value) { job.clip.hidden_from_end = std::atoi(value.c_str()); }}};
  const std::map<std::string, std::function<void()>> bare = {
      {"--tile", [&] { job.graph = {.tile_x = true, .tile_y = true}; }},
      {"--profile", [&] { job.profile = true; }},
      {"--serve", [&] { job.serve = true; }},
      {"--int8", [&] { job.int8 = true; }},
      {"--no-norm", [&] { job.clip.final_norm = false; }},
      {"--pooled", [&] { job.clip.pooled = true; }}};
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (bare.contains(arguments[i])) {
      bare.at(arguments[i])();
    } else if (valued.contains(arguments[i]) && i + 1 < arguments.size()) {
      valued.at(arguments[i])(arguments[i + 1]);
      ++i;
    } else {
      places.push_back(arguments[i]);
    }
  }
  if (places.size() != 4) return invalid("", "run_net NET PATH INPUTS OUTPUTS [options]");
  job.net = places[0];
  job.path = places[1];
  job.inputs_path = places[2];
  job.outputs_path = places[3];
  return job;
}

Result<void> main_of(std::vector<std::string> arguments) { return run(TRY(parse(std::move(arguments)))); }

}  // namespace
}  // namespace limner

int main(int count, char** arguments) {
  const auto done = limner::main_of(std::vector<std::string>(arguments + 1, arguments + count));
  if (done) return 0;
  fmt::print(stderr, "run_net: {}\n", done.error().text());
  return 1;
}
