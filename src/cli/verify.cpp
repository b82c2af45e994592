// limner verify: where a picture comes from, layer by layer: its manifest, its watermark, a server's ledger.

#include "provenance/verify.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>

#include "base/files.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/data_folder.h"
#include "cli/interrupt.h"
#include "cli/printable.h"
#include "cli/serve_config.h"
#include "cli/server_store.h"
#include "cli/watermark_keys.h"
#include "engine/engine.h"
#include "engine/model_library.h"
#include "image/codec.h"
#include "jobs/noise_watermark.h"
#include "jobs/picture_tracer.h"
#include "net/http_client.h"
#include "provenance/local_chain.h"

namespace limner {
namespace {

constexpr size_t kAnchorBytesMax = 16u << 20;
constexpr int kBelowRequired = 3;
constexpr double kFetchSeconds = 60;

struct VerifyFlags {
  std::string input, require;
  std::vector<std::string> trust, trust_time;
  std::filesystem::path data, config, key;
  std::string model = kDefaultModel, size;
  int noise_steps = NoiseSearch{}.steps, threads = 0;
  bool noise = false, json = false;
};

// A page that names a picture is a stranger: nothing inside this network is fetched for it.
Result<std::string> fetch(const std::string& address) {
  HttpRequest request;
  request.url = TRY(parse_url(address, "input"));
  request.total_seconds = kFetchSeconds;
  request.response_bytes_max = DecodeLimits{}.file_bytes_max;
  request.redirects_max = 3;
  request.reach = Reach::public_only;
  HttpClient http;
  HttpResponse response = TRY(http.send(request));
  if (response.status != 200)
    return Error{Code::unavailable, "input",
                 fmt::format("{} answered {}", request.url.authority(), response.status), ""};
  return std::move(response.body);
}

Result<std::string> read_input(const std::string& input) {
  if (input.starts_with("http://") || input.starts_with("https://")) return fetch(input);
  return read_file(input, DecodeLimits{}.file_bytes_max);
}

// Those named; else the roots of this user's own chain and of the server, where they are.
Result<TrustAnchorsPtr> read_anchors(const VerifyFlags& flags, const MarkingConfig& marking) {
  std::vector<std::string> pems;
  for (const std::string& path : flags.trust) pems.push_back(TRY(read_file(path, kAnchorBytesMax)));
  std::vector<std::string> authorities = TRY(time_stamp_roots(marking.time_stamp));
  for (const std::string& path : flags.trust_time)
    authorities.push_back(TRY(read_file(path, kAnchorBytesMax)));
  if (!flags.trust.empty()) return make_trust_anchors(pems, "trust", authorities);
  for (const std::filesystem::path& path :
       {marking.trust, default_chain_folder() / "root.pem", signing_folder(marking) / "root.pem"})
    if (Result<std::string> root = read_file(path, kAnchorBytesMax)) pems.push_back(std::move(*root));
  return make_trust_anchors(pems, "trust", authorities);
}

// Reads noises with the model that is named, which is loaded first: a model that cannot be is an error.
class NoiseLayer {
 public:
  static Result<NoiseLayer> open(const VerifyFlags& flags, std::vector<WatermarkKey> keys) {
    NoiseLayer layer;
    layer.search_.steps = flags.noise_steps;
    layer.search_.progress = [](int, int) { return !interrupted(); };
    if (!flags.size.empty()) TRY(layer.set_size(flags.size));
    LoadOptions options;
    options.threads = flags.threads;
    layer.model_ = TRY(load(TRY(find_model(flags.model)), options));
    layer.keys_ = std::move(keys);
    return layer;
  }

  Result<std::optional<NoiseReading>> read(const Picture& picture) const {
    if (keys_.empty()) return not_found("", "there is no key here");
    return find_noise_watermark(*model_, picture, keys_, search_);
  }

 private:
  Result<void> set_size(const std::string& text) {
    int width = 0, height = 0, end = 0;
    if (std::sscanf(text.c_str(), "%5dx%5d%n", &width, &height, &end) != 2 ||
        end != static_cast<int>(text.size()) || width < 1 || height < 1)
      return invalid("size", fmt::format("\"{}\" is not WIDTHxHEIGHT", text.substr(0, 80)));
    search_.width = width;
    search_.height = height;
    return {};
  }

  NoiseSearch search_;
  ModelPtr model_;
  std::vector<WatermarkKey> keys_;
};

const char* outcome_name(SignatureFinding::Outcome outcome) {
  switch (outcome) {
    case SignatureFinding::Outcome::success:
      return "success";
    case SignatureFinding::Outcome::note:
      return "note";
    case SignatureFinding::Outcome::failure:
      return "failure";
  }
  return "failure";
}

Json signature_json(const SignatureReport& report) {
  Json reasons = Json::array();
  for (const SignatureFinding& finding : report.findings)
    reasons.push_back({{"code", finding.code},
                       {"outcome", outcome_name(finding.outcome)},
                       {"about", finding.about},
                       {"message", finding.message}});
  return {{"state", signature_state_name(report.state)}, {"reasons", reasons}, {"claim", report.claim}};
}

Json watermark_json(const PictureTrace& trace) {
  if (!trace.watermark) return {{"found", false}};
  const WatermarkReading& reading = *trace.watermark;
  return {{"found", true},
          {"id", reading.id.value},
          {"id_bits", reading.id_bits},
          {"scale", reading.scale},
          {"orientation", reading.orientation},
          {"p_value", reading.p_value}};
}

Json noise_json(const PictureTrace& trace) {
  if (!trace.noise) return {{"found", false}};
  const NoiseReading& reading = *trace.noise;
  Json json = {{"found", true}, {"id", nullptr}, {"id_bits", reading.id_bits}, {"p_value", reading.p_value}};
  if (reading.id) json["id"] = reading.id->value;
  return json;
}

std::vector<std::string> ways(const TracedPicture& traced) {
  std::vector<std::string> words;
  if (traced.by_manifest) words.emplace_back("manifest");
  if (traced.by_watermark) words.emplace_back("watermark");
  if (traced.by_noise) words.emplace_back("noise_watermark");
  if (traced.distance) words.emplace_back("likeness");
  return words;
}

Json ledger_json(const PictureTrace& trace) {
  Json entries = Json::array();
  for (const TracedPicture& traced : trace.ledger) {
    const PictureRow& picture = traced.picture;
    entries.push_back({{"picture", picture.id},
                       {"job", picture.job},
                       {"model", traced.model},
                       {"time", time_text(picture.created)},
                       {"found_by", ways(traced)},
                       {"distance", traced.distance ? Json(*traced.distance) : Json(nullptr)},
                       {"deleted", picture.deleted != 0}});
  }
  return entries;
}

void print_signature(const SignatureReport& report) {
  fmt::print("signature: {}\n", signature_state_name(report.state));
  for (const SignatureFinding& finding : report.findings)
    if (finding.outcome != SignatureFinding::Outcome::success)
      fmt::print("  {}: {}\n", finding.code, printable(finding.message));
  if (!report.claim.is_null()) fmt::print("{}\n", printable(json_text(report.claim)));
}

void print_noise(const std::optional<NoiseReading>& reading) {
  if (!reading)
    fmt::print("noise watermark: none\n");
  else if (reading->id)
    fmt::print("noise watermark: {}\n", reading->id->value);
  else
    fmt::print("noise watermark: there is one, and its id cannot be read\n");
}

void print_trace(const PictureTrace& trace, bool noise_asked) {
  print_signature(trace.signature);
  if (trace.watermark)
    fmt::print("watermark: {}\n", trace.watermark->id.value);
  else if (!trace.unchecked.contains("watermark"))
    fmt::print("watermark: none\n");
  if (noise_asked && !trace.unchecked.contains("noise_watermark")) print_noise(trace.noise);
  for (const TracedPicture& traced : trace.ledger)
    fmt::print("ledger: {} of {}, drawn by {} at {}{} (found by {})\n", traced.picture.id, traced.picture.job,
               printable(traced.model), time_text(traced.picture.created),
               traced.picture.deleted ? ", deleted since" : "", fmt::join(ways(traced), ", "));
  if (trace.ledger.empty() && !trace.unchecked.contains("ledger")) fmt::print("ledger: not in it\n");
  for (const auto& [layer, why] : trace.unchecked) fmt::print("{}: not checked: {}\n", layer, printable(why));
}

bool below(SignatureState state, const std::string& required) {
  if (required == "trusted") return state != SignatureState::trusted;
  return required == "valid" && state != SignatureState::valid && state != SignatureState::trusted;
}

Result<int> verify(const VerifyFlags& flags) {
  if (!flags.require.empty() && flags.require != "valid" && flags.require != "trusted")
    return invalid("require",
                   fmt::format("\"{}\" is neither valid nor trusted", flags.require.substr(0, 40)));
  const ServeConfig config =
      TRY(read_serve_config({.config = flags.config, .data = flags.data, .listen = {}}));
  const MarkingConfig& marking = config.marking;
  const SystemClock clock;
  const std::string file = TRY(read_input(flags.input));
  const Result<OpenedLedger> opened = open_server_ledger(config, clock);
  const std::vector<WatermarkKey> keys = TRY(watermark_keys(flags.key, marking));
  PictureTracer::Parts parts{TRY(read_anchors(flags, marking)), keys, opened ? opened->ledger.get() : nullptr,
                             clock};
  std::optional<NoiseLayer> noise;
  if (flags.noise) {
    noise = TRY(NoiseLayer::open(flags, keys));
    parts.read_noise = [&noise](const Picture& picture) { return noise->read(picture); };
  }
  PictureTracer tracer(std::move(parts));
  PictureTrace trace = TRY(tracer.trace(file, {}));
  if (!opened) trace.unchecked["ledger"] = opened.error().text();
  if (interrupted()) return Error{Code::cancelled, "", "interrupted", ""};
  if (flags.json) {
    Json json = {{"signature", signature_json(trace.signature)}, {"watermark", watermark_json(trace)}};
    if (flags.noise) json["noise_watermark"] = noise_json(trace);
    json["ledger"] = ledger_json(trace);
    json["unchecked"] = Json(trace.unchecked);
    fmt::print("{}\n", json_text(json));
  } else {
    print_trace(trace, flags.noise);
  }
  return below(trace.signature.state, flags.require) ? kBelowRequired : 0;
}

}  // namespace

void add_verify(CLI::App& app, CommandSlot& slot) {
  auto flags = std::make_shared<VerifyFlags>();
  CLI::App* command =
      app.add_subcommand("verify", "Say where a picture comes from: manifest, watermark, ledger");
  command->add_option("input", flags->input, "Picture, or a public http(s) URL of one")->required();
  add_data_option(*command, flags->data);
  command->add_option("--config", flags->config, "The server's TOML file, where it names keys");
  command
      ->add_option("--trust", flags->trust,
                   "PEM file of roots to believe; may be given several times (default: your own chain's "
                   "and the server's)")
      ->allow_extra_args(false);
  command
      ->add_option(
          "--trust-time", flags->trust_time,
          "PEM file of roots of authorities whose time stamps to believe; may be given several times")
      ->allow_extra_args(false);
  command->add_option("--key", flags->key,
                      "File of the watermark's key (default: the server's, and that of `limner mark`)");
  CLI::Option* noise =
      command->add_flag("--noise", flags->noise,
                        "Look for a watermark in the noise too, which takes steps of the model that drew it");
  command->add_option("-m,--model", flags->model, "The model that is thought to have drawn it")
      ->capture_default_str()
      ->needs(noise);
  command->add_option("--noise-steps", flags->noise_steps, "Steps back to the noise")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000))
      ->needs(noise);
  command
      ->add_option("--size", flags->size,
                   "WIDTHxHEIGHT in which it was drawn (default: its own, and the model's)")
      ->needs(noise);
  command->add_option("--threads", flags->threads, "Threads of the model (default: every core)")
      ->check(CLI::Range(0, 1024))
      ->needs(noise);
  command->add_option("--require", flags->require, "valid or trusted: exit with status 3 below that");
  command->add_flag("--json", flags->json, "Print JSON");
  command->callback([flags, &slot] { slot.run = [flags] { return verify(*flags); }; });
}

}  // namespace limner
