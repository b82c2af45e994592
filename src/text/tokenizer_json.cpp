#include "text/tokenizer_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace limner {
namespace {

constexpr int kDepthMax = 32;
constexpr size_t kKeysMax = 20000;

using Event = Json::parse_event_t;
using Path = std::span<const std::string_view>;

// Watches the parser: takes the vocabulary's entries away from it and notes the first thing wrong.
class VocabularyFilter {
 public:
  // Without a path nothing is a vocabulary.
  VocabularyFilter(TokenizerJson& result, std::optional<Path> path) : result_(result), path_(path) {}

  // The parser's callback. `depth` counts the containers around the event; false drops what the event
  // announces.
  bool keep(int depth, Event event, const Json& parsed) {
    if (depth > kDepthMax) fail(fmt::format("JSON nested deeper than {} levels", kDepthMax));
    if (!problem_.empty()) return false;
    switch (event) {
      case Event::key:
        keys_.resize(static_cast<size_t>(depth));
        keys_.back() = parsed.get<std::string>();
        return !in_vocabulary(depth) && count_key();
      case Event::value:
        if (!in_vocabulary(depth)) return true;
        take(parsed);
        return false;
      case Event::object_start:
      case Event::array_start:
        if (in_vocabulary(depth)) fail_entry();
        return true;
      case Event::object_end:
      case Event::array_end:
        return true;
    }
    return true;
  }

  const std::string& problem() const { return problem_; }

 private:
  // Whether keys and values at `depth` are those of the vocabulary.
  bool in_vocabulary(int depth) const {
    return path_ && static_cast<size_t>(depth) == path_->size() + 1 && keys_.size() == path_->size() + 1 &&
           std::equal(path_->begin(), path_->end(), keys_.begin());
  }

  bool count_key() {
    if (++key_count_ > kKeysMax) fail(fmt::format("more than {} keys besides the vocabulary", kKeysMax));
    return problem_.empty();
  }

  void take(const Json& id) {
    if (!id.is_number_unsigned() || id.get<uint64_t>() >= static_cast<uint64_t>(kVocabularyMax))
      return fail_entry();
    if (result_.vocabulary.size() >= static_cast<size_t>(kVocabularyMax))
      return fail(fmt::format("more than {} tokens", kVocabularyMax));
    result_.vocabulary.emplace_back(keys_.back(), id.get<int32_t>());
  }

  void fail_entry() {
    fail(fmt::format("the id of the token '{}' is no integer in 0..{}", keys_.back(), kVocabularyMax - 1));
  }
  void fail(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
  }

  TokenizerJson& result_;
  std::optional<Path> path_;
  std::vector<std::string> keys_;  // of the objects around the event; empty strings for arrays
  size_t key_count_ = 0;
  std::string problem_;
};

Result<TokenizerJson> parse(std::string_view text, std::string_view field,
                            std::optional<Path> vocabulary_path) {
  TokenizerJson result;
  VocabularyFilter filter(result, vocabulary_path);
  try {
    result.rest = Json::parse(text.begin(), text.end(), [&](int depth, Event event, Json& parsed) {
      return filter.keep(depth, event, parsed);
    });
  } catch (const Json::exception& error) {
    return invalid(std::string(field), fmt::format("not valid JSON: {}", error.what()));
  }
  if (!filter.problem().empty()) return invalid(std::string(field), filter.problem());
  return result;
}

}  // namespace

Result<TokenizerJson> parse_tokenizer_json(std::string_view text, std::string_view field,
                                           std::span<const std::string_view> vocabulary_path) {
  return parse(text, field, vocabulary_path);
}

Result<Json> parse_tokenizer_config(std::string_view text, std::string_view field) {
  return TRY(parse(text, field, std::nullopt)).rest;
}

}  // namespace limner
