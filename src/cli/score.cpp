// limner score: how well pictures fit a prompt.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/printable.h"
#include "engine/model_library.h"
#include "engine/picture_scorer.h"
#include "image/codec.h"

namespace limner {
namespace {

struct ScoreFlags {
  std::string prompt, scorer = kDefaultScorer;
  std::vector<std::string> images;
  int threads = 0;
  bool json = false, quiet = false;
};

struct ScoredPicture {
  std::string path;
  PictureScore score;
};

void print_scores(const std::vector<ScoredPicture>& pictures) {
  for (const ScoredPicture& picture : pictures)
    fmt::print("{:7.4f}  {:8.3f}  {}\n", picture.score.cosine, picture.score.logit, printable(picture.path));
}

Json json_of(const ScoreFlags& flags, const std::string& scorer, const ScoredText& text,
             const std::vector<ScoredPicture>& pictures) {
  Json scores = Json::array();
  for (const ScoredPicture& picture : pictures)
    scores.push_back({{"path", picture.path},
                      {"rank", scores.size() + 1},
                      {"cosine", picture.score.cosine},
                      {"logit", picture.score.logit}});
  Json json = {{"prompt", flags.prompt}, {"scorer", scorer}, {"scores", scores}};
  if (!text.dropped.empty()) json["dropped"] = text.dropped;
  return json;
}

Result<int> score_pictures(const ScoreFlags& flags) {
  const std::filesystem::path folder = TRY(find_scorer(flags.scorer, "scorer"));
  const std::unique_ptr<PictureScorer> scorer = TRY(PictureScorer::load(folder, flags.threads));
  const ScoredText text = TRY(scorer->text(flags.prompt));
  if (!text.dropped.empty() && !flags.quiet)
    fmt::print(stderr, "limner: the prompt is too long for the scorer, which did not read: {}\n",
               printable(text.dropped));
  std::vector<ScoredPicture> pictures;
  for (const std::string& path : flags.images) {
    if (interrupted()) return Error{Code::cancelled, "", "interrupted", ""};
    const Picture picture = TRY(read_picture(path, path));
    Result<PictureScore> score = scorer->score(text, picture);
    if (!score) {
      Error error = std::move(score).error();
      if (error.field == "picture") error.field = path;
      return error;
    }
    pictures.push_back({path, *score});
  }
  // Pictures that fit alike stay in the order in which they were named.
  std::stable_sort(pictures.begin(), pictures.end(),
                   [](const auto& a, const auto& b) { return a.score.cosine > b.score.cosine; });
  if (flags.json)
    fmt::print("{}\n", json_text(json_of(flags, folder.filename().string(), text, pictures)));
  else
    print_scores(pictures);
  return 0;
}

}  // namespace

void add_score(CLI::App& app, CommandSlot& slot) {
  auto flags = std::make_shared<ScoreFlags>();
  CLI::App* command =
      app.add_subcommand("score", "Say how well pictures fit a prompt, the one that fits best first");
  command->add_option("prompt", flags->prompt, "What the pictures should show")->required();
  command->add_option("images", flags->images, "Pictures (PNG, JPEG, WebP, AVIF)")->required();
  command->add_option("--scorer,--model", flags->scorer,
                      "Name or folder of a CLIPModel in transformers' format (default limner-scorer)");
  command->add_option("--threads", flags->threads, "Threads (default: every core)")
      ->check(CLI::Range(0, 1024));
  command->add_flag("--json", flags->json, "Print JSON");
  command->add_flag("-q,--quiet", flags->quiet, "Say nothing on standard error but errors");
  command->callback([flags, &slot] { slot.run = [flags] { return score_pictures(*flags); }; });
}

}  // namespace limner
