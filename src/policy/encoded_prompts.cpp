#include "policy/encoded_prompts.h"

#include <algorithm>
#include <set>

#include "text/prompt.h"
#include "text/prompt_text.h"

namespace limner {
namespace {

// The end of a tag that begins at `at` ("<", letters, ":", anything but brackets, ">"), or npos.
size_t tag_end(std::string_view text, size_t at) {
  size_t colon = at + 1;
  while (colon < text.size() && ((text[colon] | 0x20) >= 'a' && (text[colon] | 0x20) <= 'z')) ++colon;
  if (colon == at + 1 || colon >= text.size() || text[colon] != ':') return text.npos;
  const size_t close = text.find_first_of("<>", colon);
  return close != text.npos && text[close] == '>' ? close + 1 : text.npos;
}

// What lies between the tags.
PromptText cut_at_tags(std::string_view text) {
  PromptText pieces(1);
  for (size_t at = 0; at < text.size();) {
    const size_t end = text[at] == '<' ? tag_end(text, at) : text.npos;
    if (end == text.npos) {
      pieces.back().push_back(text[at++]);
    } else {
      pieces.emplace_back();
      at = end;
    }
  }
  return pieces;
}

// Cuts each piece at a keyword, as the parser of prompts does: the space around it goes with it.
PromptText cut_at_word(const PromptText& pieces, std::string_view keyword) {
  PromptText out;
  for (std::string_view rest : pieces) {
    for (size_t at = find_word(rest, keyword, 0); at != rest.npos; at = find_word(rest, keyword, 0)) {
      out.emplace_back(trim_end(rest.substr(0, at)));
      rest = trim_start(rest.substr(at + keyword.size()));
    }
    out.emplace_back(rest);
  }
  return out;
}

PromptText pieces_of(const std::vector<Section>& sections) {
  PromptText pieces;
  for (const Section& section : sections)
    for (const WeightedText& text : section) pieces.push_back(text.text);
  return pieces;
}

std::string join(const PromptText& pieces) {
  std::string text;
  for (const std::string& piece : pieces) text += piece;
  return text;
}

class Reader {
 public:
  Reader(EncodedPrompts& out, const DrawingParams& params, int steps)
      : out_(out), plain_(params.prompt_syntax == "plain"), steps_(steps) {}

  void read(EncodedPrompt::Role role, const std::string& prompt) {
    std::set<PromptText> texts;
    const PromptText untagged = cut_at_tags(prompt);
    texts.insert({prompt});
    texts.insert(cut_at_word(cut_at_word(untagged, "AND"), "BREAK"));
    const Result<PromptPlan> plan = plan_prompt(join(untagged), PromptSyntax::a1111, steps_);
    if (plan) {
      for (const PromptBranch& branch : plan->branches)
        for (const PromptStage& stage : branch.stages) texts.insert(pieces_of(stage.sections));
    } else if (!plain_ && !out_.unreadable) {
      out_.unreadable = plan.error();
    }
    out_.prompts.push_back({role, {texts.begin(), texts.end()}});
  }

 private:
  EncodedPrompts& out_;
  bool plain_;
  int steps_;
};

}  // namespace

const char* role_name(EncodedPrompt::Role role) {
  switch (role) {
    case EncodedPrompt::Role::prompt:
      return "the prompt";
    case EncodedPrompt::Role::negative:
      return "the negative prompt";
    case EncodedPrompt::Role::blend:
      return "the prompt blended to";
  }
  return "a prompt";
}

EncodedPrompts encoded_prompts(const DrawingParams& params, int steps) {
  EncodedPrompts out;
  const int planned = std::clamp(steps, 1, kPromptStepsMax);
  Reader reader(out, params, planned);
  const std::pair<EncodedPrompt::Role, const std::string*> given[] = {
      {EncodedPrompt::Role::prompt, &params.prompt},
      {EncodedPrompt::Role::negative, params.negative ? &*params.negative : nullptr},
      {EncodedPrompt::Role::blend, params.blend_prompt ? &*params.blend_prompt : nullptr}};
  for (const auto& [role, prompt] : given) {
    if (!prompt) continue;
    if (prompt->size() > kPromptBytesMax) {
      out.unreadable = invalid("prompt", "is longer than a prompt may be");
      continue;
    }
    reader.read(role, *prompt);
  }
  return out;
}

}  // namespace limner
