// limner upscale: a picture enlarged by an ESRGAN-class network.

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "base/files.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/printable.h"
#include "cli/progress_line.h"
#include "cli/signing.h"
#include "engine/engine.h"
#include "engine/model_library.h"
#include "image/codec.h"
#include "image/file_metadata.h"

namespace limner {
namespace {

struct UpscaleFlags {
  std::string input, upscaler, dtype;
  int threads = 0, tile = 256, overlap = 16;
  bool json = false, quiet = false;
  OutputFlags output;
  SigningFlags signing;
};

std::string default_path(const UpscaleFlags& flags) {
  const std::filesystem::path input(flags.input);
  return (input.parent_path() / input.stem()).string() + "-large.png";
}

Result<int> upscale_file(UpscaleFlags flags) {
  if (flags.output.path.empty()) flags.output.path = default_path(flags);
  const OutputPlan plan = TRY(plan_output(flags.output, 0, 1));
  const std::string file = TRY(read_file(flags.input, DecodeLimits{}.file_bytes_max));
  const Picture picture = TRY(decode_picture(std::as_bytes(std::span(file)), "input"));
  const FileMetadata metadata = TRY(read_file_metadata(std::as_bytes(std::span(file)), "input"));
  ProgressLine line(flags.quiet);
  PictureSigning signing;
  TRY(signing.prepare(flags.signing, plan.format));
  if (!signing.warning().empty()) line.note(signing.warning());
  line.stage("enlarging");
  UpscaleRequest request;
  request.upscaler = TRY(find_upscaler(flags.upscaler, "upscaler"));
  request.dtype = flags.dtype;
  request.threads = flags.threads;
  request.tile = flags.tile;
  request.overlap = flags.overlap;
  request.progress = [&line](int done, int total) {
    line.update(done, total, "tile");
    return !interrupted();
  };
  const Picture large = TRY(upscale(picture, request));
  line.clear();
  PictureOrigin origin;
  origin.model = printable(request.upscaler.stem().string());
  origin.parent = ParentPicture{manifest_title(flags.input), file};
  TRY(write_picture(large, {metadata.infotext, metadata.limner_json}, flags.output, plan.format,
                    plan.paths[0], signing, std::move(origin)));
  if (!signing.lacks().empty()) line.note(signing.lacks());
  if (flags.json)
    fmt::print("{}\n",
               json_text({{"path", plan.paths[0].string()}, {"width", large.width}, {"height", large.height}},
                         kOneLine));
  else
    fmt::print("{}\n", plan.paths[0].string());
  return 0;
}

}  // namespace

void add_upscale(CLI::App& app, CommandSlot& slot) {
  auto flags = std::make_shared<UpscaleFlags>();
  CLI::App* command = app.add_subcommand("upscale", "Enlarge a picture with an ESRGAN-class upscaler");
  command->add_option("input", flags->input, "Picture to enlarge")->required();
  command
      ->add_option("--upscaler", flags->upscaler,
                   "Name or path of an RRDBNet or SRVGGNetCompact, .safetensors")
      ->required();
  command->add_option("--dtype", flags->dtype, "Compute in f32, bf16 or bf16-direct");
  command->add_option("--threads", flags->threads, "Threads (default: every core)")
      ->check(CLI::Range(0, 1024));
  command->add_option("--tile", flags->tile, "Side of a tile in source pixels, 0: the whole picture (256)")
      ->check(CLI::Range(0, 16384));
  command->add_option("--overlap", flags->overlap, "Source pixels computed around a tile (16)")
      ->check(CLI::Range(0, 256));
  command->add_option("-o,--output", flags->output.path, "File to write (default: INPUT-large.png)");
  command->add_option("--format", flags->output.format, "png, jpeg, webp or avif");
  command->add_option("--quality", flags->output.quality, "1 to 100, for the lossy formats (90)");
  add_signing_flags(*command, flags->signing);
  command->add_flag("--json", flags->json, "Print a JSON report instead of the path");
  command->add_flag("-q,--quiet", flags->quiet, "Say nothing on standard error but errors");
  command->callback([flags, &slot] { slot.run = [flags] { return upscale_file(*flags); }; });
}

}  // namespace limner
