// limner mark: an invisible watermark in a picture, or the id of the one that is in it.

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "base/crypto.h"
#include "base/files.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/data_folder.h"
#include "cli/noise_flags.h"
#include "cli/printable.h"
#include "image/codec.h"
#include "image/file_metadata.h"
#include "watermark/key_file.h"
#include "watermark/watermark.h"

namespace limner {
namespace {

struct MarkFlags {
  std::string input, output, id;
  std::filesystem::path key;
  int quality = 90;
  double psnr = 42;
  bool check = false, json = false;
};

Result<WatermarkId> id_of(const std::string& text) {
  if (!text.empty()) return parse_watermark_id(text, "id");
  uint64_t value = 0;
  for (const char byte : random_bytes(5)) value = value << 8 | static_cast<unsigned char>(byte);
  return WatermarkId{value};
}

Json reading_json(const std::optional<WatermarkReading>& reading) {
  if (!reading) return {{"found", false}};
  return {{"found", true},
          {"id", reading->id.value},
          {"id_bits", reading->id_bits},
          {"scale", reading->scale},
          {"orientation", reading->orientation}};
}

Result<int> check_mark(const MarkFlags& flags) {
  const Picture picture = TRY(read_picture(flags.input, "input"));
  const WatermarkKey key = TRY(read_watermark_key(flags.key));
  const std::optional<WatermarkReading> reading = read_watermark(picture, key);
  if (flags.json)
    fmt::print("{}\n", json_text({{"watermark", reading_json(reading)}}, kOneLine));
  else if (reading)
    fmt::print("{}\n", reading->id.value);
  else
    fmt::print("no watermark of this key\n");
  return 0;
}

Result<int> write_mark(const MarkFlags& flags) {
  if (flags.output.empty()) return invalid("output", "no file to write was named", "-o FILE, or --check");
  const Format format = TRY(format_from_extension(flags.output, "output"));
  TRY(check_writable(flags.output));
  const WatermarkId id = TRY(id_of(flags.id));
  const std::string file = TRY(read_file(flags.input, DecodeLimits{}.file_bytes_max));
  const Picture picture = TRY(decode_picture(std::as_bytes(std::span(file)), "input"));
  const FileMetadata texts = TRY(read_file_metadata(std::as_bytes(std::span(file)), "input"));
  const WatermarkKey key = TRY(open_watermark_key(flags.key));
  const Marked marked = TRY(mark_picture(picture, key, id, {.psnr_min = flags.psnr}));
  const std::vector<std::byte> bytes =
      TRY(encode_picture(marked.picture, {format, flags.quality, texts.infotext, texts.limner_json}));
  TRY(write_file_atomically(flags.output, bytes));
  // What counts is the file, which a lossy format has changed.
  const Picture written = format == Format::png ? marked.picture : TRY(decode_picture(bytes, "output"));
  const std::optional<WatermarkReading> reading = read_watermark(written, key);
  const uint64_t carried = id.value & ((uint64_t{1} << marked.id_bits) - 1);
  const bool readable = reading && reading->id.value == carried && reading->id_bits == marked.id_bits;
  if (!readable)
    fmt::print(stderr, "limner: {} is too small or too plain for its watermark to be read back\n",
               printable(flags.output));
  if (flags.json)
    fmt::print(
        "{}\n",
        json_text({{"path", flags.output},
                   {"watermark", {{"id", carried}, {"id_bits", marked.id_bits}, {"readable", readable}}},
                   {"psnr", marked.psnr}},
                  kOneLine));
  else
    fmt::print("{}\n", flags.output);
  return 0;
}

}  // namespace

void add_mark(CLI::App& app, CommandSlot& slot) {
  auto flags = std::make_shared<MarkFlags>();
  flags->key = default_watermark_key_path();
  CLI::App* command = app.add_subcommand("mark", "Put an invisible id into a picture's pixels, or read it");
  command->add_option("input", flags->input, "Picture")->required();
  CLI::Option* output =
      command->add_option("-o,--output", flags->output, "File to write; its ending names the format");
  command->add_option("--id", flags->id, "A whole number below 2^40 (default: a random one)");
  command->add_option("--key", flags->key, "File of the key; made if missing, unless --check")
      ->capture_default_str();
  command->add_option("--psnr", flags->psnr, "How close to the original at least, in dB")
      ->capture_default_str()
      ->check(CLI::Range(30.0, 60.0));
  command->add_option("--quality", flags->quality, "1 to 100, for the lossy formats (90)")
      ->check(CLI::Range(1, 100));
  command->add_flag("--check", flags->check, "Write nothing; print the id that the picture carries")
      ->excludes(output);
  command->add_flag("--json", flags->json, "Print JSON");
  command->callback([flags, &slot] {
    slot.run = [flags] { return flags->check ? check_mark(*flags) : write_mark(*flags); };
  });
}

}  // namespace limner
