#include "text/tokenizer_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/files.h"
#include "text/tokenizer_json.h"
#include "text/unicode.h"

namespace limner {
namespace {

namespace fs = std::filesystem;

constexpr size_t kVocabularyBytesMax = 64u << 20;
constexpr size_t kConfigBytesMax = 4u << 20;
constexpr size_t kMergesMax = kVocabularyMax;
constexpr size_t kAddedMax = 4096;

// Special tokens by role, in the order in which transformers adds them (SPECIAL_TOKENS_ATTRIBUTES).
constexpr std::array<std::string_view, 7> kRoles = {"bos_token", "eos_token", "unk_token", "sep_token",
                                                    "pad_token", "cls_token", "mask_token"};

// One JSON file of the folder, which need not be there.
struct JsonFile {
  std::string field;
  Json json = Json::object();
};

Result<JsonFile> read_config(const fs::path& path) {
  JsonFile file{path.string()};
  std::error_code error;
  if (!fs::exists(path, error)) return file;
  const std::string text = TRY(read_file(path, kConfigBytesMax));
  file.json = TRY(parse_tokenizer_config(text, file.field));
  if (!file.json.is_object()) return invalid(file.field, "is not a JSON object");
  return file;
}

Result<bool> flag_of(const Json& token, const char* name, bool fallback, const std::string& field) {
  const auto found = token.find(name);
  if (found == token.end()) return fallback;
  if (!found->is_boolean())
    return invalid(field, fmt::format("{} of an added token is not true or false", name));
  return found->get<bool>();
}

Result<AddedToken> checked(AddedToken token, const std::string& field) {
  const size_t size = decode_utf8(token.content).size();
  if (size == 0 || size > kAddedTokenMax)
    return invalid(field,
                   fmt::format("an added token of {} characters; 1 to {} are allowed", size, kAddedTokenMax));
  return token;
}

// A token written as its text or as an object. `special` is what it is taken for if the object does not say.
Result<AddedToken> read_token(const Json& json, bool special, const std::string& field) {
  if (json.is_string()) return checked({.content = json.get<std::string>(), .normalized = !special}, field);
  if (!json.is_object() || !json.contains("content") || !json["content"].is_string())
    return invalid(field, "an added token is neither a string nor an object with `content`");
  AddedToken token{.content = json["content"].get<std::string>()};
  special = TRY(flag_of(json, "special", special, field));
  token.normalized = TRY(flag_of(json, "normalized", !special, field));
  token.lstrip = TRY(flag_of(json, "lstrip", false, field));
  token.rstrip = TRY(flag_of(json, "rstrip", false, field));
  if (TRY(flag_of(json, "single_word", false, field)))
    return unsupported(
        field,
        fmt::format("single_word of the added token '{}' is true; only false is supported", token.content));
  return checked(std::move(token), field);
}

// Collects the added tokens of all files in the reference's order.
class AddedTokenReader {
 public:
  AddedTokenReader(const fs::path& folder, const Json& tokenizer_json)
      : folder_(folder), tokenizer_json_(tokenizer_json) {}

  Result<void> read(TokenizerFiles& files) {
    JsonFile config = TRY(read_config(folder_ / "tokenizer_config.json"));
    TRY(check_class(config));
    TRY(read_length(config, files));
    if (const auto decoder = config.json.find("added_tokens_decoder"); decoder != config.json.end()) {
      TRY(read_numbered(*decoder, config.field));
    } else {
      TRY(merge_special_map(config));
      TRY(read_legacy_added(config));
      TRY(read_serialized());
    }
    for (auto& [id, token] : numbered_) files.added.push_back(token);
    TRY(read_roles(config, files));
    TRY(read_extras(config, files));
    if (files.added.size() > kAddedMax)
      return invalid(config.field,
                     fmt::format("{} added tokens; at most {} are read", files.added.size(), kAddedMax));
    return {};
  }

 private:
  static Result<void> check_class(const JsonFile& config) {
    const auto name = config.json.find("tokenizer_class");
    if (name == config.json.end() || *name == "CLIPTokenizer" || *name == "CLIPTokenizerFast") return {};
    return unsupported(config.field, fmt::format("tokenizer_class {} is not CLIPTokenizer", name->dump()));
  }

  static Result<void> read_length(const JsonFile& config, TokenizerFiles& files) {
    // transformers writes 1e30 for "no limit".
    constexpr int kLengthMax = 1 << 20;
    const auto length = config.json.find("model_max_length");
    if (length == config.json.end() || length->is_null()) return {};
    if (!length->is_number() || length->get<double>() < 3)
      return invalid(config.field,
                     fmt::format("model_max_length {} is not a number of 3 or more", length->dump()));
    if (length->get<double>() <= kLengthMax) files.length_max = length->get<int>();
    return {};
  }

  // added_tokens_decoder: {"49406": {...}}; the order is that of the ids as numbers.
  Result<void> read_numbered(const Json& decoder, const std::string& field) {
    if (!decoder.is_object()) return invalid(field, "added_tokens_decoder is not an object");
    for (const auto& [key, json] : decoder.items()) {
      if (key.empty() || key.size() > 9 || key.find_first_not_of("0123456789") != key.npos)
        return invalid(field, fmt::format("the key '{}' of added_tokens_decoder is not an id", key));
      if (!json.is_object())
        return invalid(field, fmt::format("the token {} of added_tokens_decoder is not an object", key));
      add_numbered(std::stoll(key), TRY(read_token(json, false, field)));
    }
    return {};
  }

  // special_tokens_map.json overrides tokenizer_config.json.
  Result<void> merge_special_map(JsonFile& config) {
    const JsonFile map = TRY(read_config(folder_ / "special_tokens_map.json"));
    for (const auto& [key, value] : map.json.items()) {
      Json token = value;
      // The reference drops a written `special`: what stands here is special.
      if (token.is_object()) token["special"] = true;
      config.json[key] = std::move(token);
    }
    return {};
  }

  Result<void> read_legacy_added(const JsonFile& config) {
    const JsonFile file = TRY(read_config(folder_ / "added_tokens.json"));
    for (const auto& [content, id] : file.json.items()) {
      if (!id.is_number_unsigned())
        return invalid(file.field, fmt::format("the id of '{}' is not a number", content));
      add_numbered(id.get<int64_t>(), TRY(read_token(content, is_special(config.json, content), file.field)));
    }
    return {};
  }

  Result<void> read_serialized() {
    const std::string field = (folder_ / "tokenizer.json").string();
    const auto added = tokenizer_json_.find("added_tokens");
    if (added == tokenizer_json_.end()) return {};
    if (!added->is_array()) return invalid(field, "added_tokens is not an array");
    for (const Json& token : *added) {
      if (!token.is_object() || !token.contains("id") || !token["id"].is_number_unsigned())
        return invalid(field, "an entry of added_tokens has no id");
      add_numbered(token["id"].get<int64_t>(), TRY(read_token(token, false, field)));
    }
    return {};
  }

  void add_numbered(int64_t id, AddedToken token) {
    by_content_[token.content] = token;
    numbered_[id] = std::move(token);
  }

  static bool is_special(const Json& config, const std::string& content) {
    const auto names = [&](const Json& json) {
      return json == content || (json.is_object() && json.contains("content") && json["content"] == content);
    };
    for (const std::string_view role : kRoles)
      if (const auto found = config.find(role); found != config.end() && names(*found)) return true;
    const auto extras = config.find("extra_special_tokens");
    return extras != config.end() && extras->is_array() && std::any_of(extras->begin(), extras->end(), names);
  }

  // Adds the special token unless the files list it already with its own flags.
  Result<AddedToken> add_special(const Json& json, const std::string& field, TokenizerFiles& files) {
    AddedToken token = TRY(read_token(json, true, field));
    if (!by_content_.contains(token.content)) files.added.push_back(token);
    return token;
  }

  Result<void> read_roles(const JsonFile& config, TokenizerFiles& files) {
    const std::map<std::string_view, std::string*> named = {{"bos_token", &files.bos},
                                                            {"eos_token", &files.eos},
                                                            {"unk_token", &files.unk},
                                                            {"pad_token", &files.pad}};
    for (const std::string_view role : kRoles) {
      const auto own = named.find(role);
      const auto found = config.json.find(role);
      const bool given = found != config.json.end() && !found->is_null();
      if (!given && own == named.end()) continue;
      const Json json = given ? *found : Json(*own->second);
      const std::string field = fmt::format("{}: {}", config.field, role);
      AddedToken token = TRY(add_special(json, field, files));
      if (own != named.end()) *own->second = std::move(token.content);
    }
    return {};
  }

  Result<void> read_extras(const JsonFile& config, TokenizerFiles& files) {
    for (const char* name : {"extra_special_tokens", "additional_special_tokens"}) {
      const auto found = config.json.find(name);
      if (found == config.json.end() || found->is_null()) continue;
      if (!found->is_array())
        return unsupported(config.field, fmt::format("{} is not a list of tokens", name));
      for (const Json& json : *found)
        TRY(add_special(json, fmt::format("{}: {}", config.field, name), files));
    }
    return {};
  }

  const fs::path& folder_;
  const Json& tokenizer_json_;
  std::map<int64_t, AddedToken> numbered_;
  std::map<std::string, AddedToken> by_content_;
};

// A merge of tokenizer.json: "a b" or ["a", "b"].
Result<Merge> read_merge(const Json& json, const std::string& field) {
  if (json.is_array() && json.size() == 2 && json[0].is_string() && json[1].is_string())
    return Merge{json[0].get<std::string>(), json[1].get<std::string>()};
  if (json.is_string()) {
    const std::vector<Merge> one = TRY(parse_merges(json.get_ref<const std::string&>(), field, 1));
    if (one.size() == 1) return one[0];
  }
  return invalid(field, fmt::format("the merge {} is not two symbols", json.dump()));
}

Result<TokenizerJson> read_tokenizer_json(const fs::path& path, TokenizerFiles& files) {
  constexpr std::string_view kPath[] = {"model", "vocab"};
  const std::string field = path.string();
  const std::string text = TRY(read_file(path, kVocabularyBytesMax));
  TokenizerJson parsed = TRY(parse_tokenizer_json(text, field, kPath));
  files.vocabulary = std::move(parsed.vocabulary);
  const Json& json = parsed.rest;
  if (!json.is_object() || !json.contains("model") || !json["model"].is_object())
    return invalid(field, "has no object `model`");
  const Json& model = json["model"];
  if (!model.contains("merges") || !model["merges"].is_array())
    return invalid(field, "model has no list `merges`");
  if (model["merges"].size() > kMergesMax)
    return invalid(field, fmt::format("more than {} merges", kMergesMax));
  for (const Json& merge : model["merges"])
    files.merges.push_back(TRY(read_merge(merge, field + ": merges")));
  return parsed;
}

Result<void> read_vocabulary_and_merges(const fs::path& folder, TokenizerFiles& files) {
  const fs::path vocabulary = folder / "vocab.json", merges = folder / "merges.txt";
  const std::string vocabulary_text = TRY(read_file(vocabulary, kVocabularyBytesMax));
  files.vocabulary = TRY(parse_tokenizer_json(vocabulary_text, vocabulary.string(), {})).vocabulary;
  const std::string merges_text = TRY(read_file(merges, kVocabularyBytesMax));
  files.merges = TRY(parse_merges(merges_text, merges.string(), kMergesMax));
  return {};
}

}  // namespace

Result<TokenizerFiles> read_tokenizer_folder(const fs::path& folder) {
  TokenizerFiles files;
  TokenizerJson tokenizer_json;
  std::error_code error;
  if (const fs::path path = folder / "tokenizer.json"; fs::exists(path, error)) {
    tokenizer_json = TRY(read_tokenizer_json(path, files));
  } else {
    TRY(read_vocabulary_and_merges(folder, files));
  }
  TRY(AddedTokenReader(folder, tokenizer_json.rest).read(files));
  return files;
}

}  // namespace limner
