#include "jobs/request_rows.h"

#include <fmt/format.h>

#include <array>

#include "jobs/json_values.h"
#include "jobs/plain_text.h"
#include "jobs/request_forms.h"
#include "jobs/words.h"

namespace limner {
namespace {

using R = JobRequest;
constexpr int kPicturesMax = 1000;

const std::array kRows = {
    RequestRow{"task", ForTask::both, "What to do: generate draws, upscale enlarges `init` with `upscaler`.",
               TextMember{&R::task, kNameBytesMax, "generate|upscale"}},
    RequestRow{"model", ForTask::generate, "Name or alias of the model (default: the server's).",
               TextMember{&R::model, kNameBytesMax, ""}},
    RequestRow{"count", ForTask::generate, "How many pictures; picture i has seed + i.",
               WholeMember{&R::count, 1, kPicturesMax}},
    RequestRow{"frames", ForTask::generate,
               "Draw this many frames that lead to blend_prompt or blend_seed (0: none).",
               WholeMember{&R::frames, 0, kPicturesMax}},
    RequestRow{"dtype", ForTask::both, "Precision to compute in (default: the model's).",
               TextMember{&R::dtype, kNameBytesMax, "f32|bf16|bf16-direct"}},
    RequestRow{"vae", ForTask::generate, "Name of another autoencoder.",
               TextMember{&R::vae, kNameBytesMax, ""}},
    RequestRow{"loras", ForTask::generate,
               "LoRAs by name, or by the id of an uploaded one, each with its weight.",
               FormedMember{read_loras, write_loras, loras_schema}},
    RequestRow{"embeddings", ForTask::generate, "Names of textual-inversion embeddings that the prompt uses.",
               FormedMember{read_embeddings, write_embeddings, embeddings_schema}},
    RequestRow{"controlnets", ForTask::generate, "ControlNets by name, each with the picture it sees.",
               FormedMember{read_controls, write_controls, controls_schema}},
    RequestRow{"init", ForTask::both, "Id of the picture to draw over, or to enlarge.",
               FormedMember{read_init, write_init, picture_schema}},
    RequestRow{"mask", ForTask::generate, "Id of the mask: white is redrawn.",
               FormedMember{read_mask, write_mask, picture_schema}},
    RequestRow{"invert_mask", ForTask::generate, "Redraw what is black in the mask instead.",
               FlagMember{&R::invert_mask}},
    RequestRow{"mask_blur", ForTask::generate, "Soften the mask's edge by this many pixels before it is cut.",
               NumberMember{&R::mask_blur, 0, 1000}},
    RequestRow{"outpaint", ForTask::generate,
               "Pixels to add around `init` and to draw: one number, or LEFT,TOP,RIGHT,BOTTOM.",
               FormedMember{read_outpaint, write_outpaint, outpaint_schema}},
    RequestRow{"upscaler", ForTask::both, "Name of the upscaler that enlarges each finished picture.",
               TextMember{&R::upscaler, kNameBytesMax, ""}},
    RequestRow{"format", ForTask::both, "Format of the files.",
               TextMember{&R::format, kNameBytesMax, "png|jpeg|webp|avif"}},
    RequestRow{"quality", ForTask::both, "Quality of JPEG, WebP and AVIF files.",
               WholeMember{&R::quality, 1, 100}},
    RequestRow{"bare", ForTask::both, "Write no parameters into the files.", FlagMember{&R::bare}},
    RequestRow{"preview_every", ForTask::generate,
               "Steps between previews sent to whoever listens (0: none).",
               WholeMember{&R::preview_every, 0, 1000}},
    RequestRow{"tier", ForTask::both, "realtime before standard before batch.",
               FormedMember{read_tier, write_tier, tier_schema}},
    RequestRow{"tags", ForTask::both, "Words of your own to find the job and its cost by.",
               FormedMember{read_tags, write_tags, tags_schema}},
    RequestRow{"deadline_seconds", ForTask::both, "Seconds after which the pictures are of no use any more.",
               FormedMember{read_deadline, write_deadline, deadline_schema}},
    RequestRow{"webhook_url", ForTask::both, "URL that is told when the job has ended.",
               FormedMember{read_webhook_url, write_webhook_url, webhook_url_schema}},
};

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

Result<void> set_text(const TextMember& text, JobRequest& request, const Json& value,
                      const std::string& field) {
  std::string word = TRY(read_text(value, field, text.bytes_max, text.words.empty()));
  const bool allowed = text.words.empty() || is_one_of(text.words, word);
  request.*text.member = std::move(word);
  if (allowed) return {};
  return invalid(field, fmt::format("{} is not one of {}", shown(value), listed(text.words)));
}

Json text_member_schema(const TextMember& text) {
  Json schema = {{"type", "string"}};
  if (text.words.empty())
    schema["maxLength"] = text.bytes_max;
  else
    schema["enum"] = split_words(text.words);
  const JobRequest standard;
  if (!(standard.*text.member).empty()) schema["default"] = standard.*text.member;
  return schema;
}

template <class Member>
Json range_schema(const char* type, const Member& row) {
  return {{"type", type},
          {"minimum", row.minimum},
          {"maximum", row.maximum},
          {"default", JobRequest().*row.member}};
}

}  // namespace

std::span<const RequestRow> request_rows() { return kRows; }

bool goes_with(const RequestRow& row, std::string_view task) {
  return row.task == ForTask::both || task != "upscale";
}

Result<void> read_row(const RequestRow& row, JobRequest& request, const Json& value) {
  const std::string field(row.name);
  return std::visit(
      Overloaded{[&](const TextMember& text) { return set_text(text, request, value, field); },
                 [&](const WholeMember& whole) -> Result<void> {
                   request.*whole.member = TRY(read_whole(value, field, whole.minimum, whole.maximum));
                   return {};
                 },
                 [&](const NumberMember& number) -> Result<void> {
                   request.*number.member = TRY(read_number(value, field, number.minimum, number.maximum));
                   return {};
                 },
                 [&](const FlagMember& flag) -> Result<void> {
                   request.*flag.member = TRY(read_flag(value, field));
                   return {};
                 },
                 [&](const FormedMember& formed) { return formed.read(request, value, field); }},
      row.member);
}

Json write_row(const RequestRow& row, const JobRequest& request) {
  return std::visit(Overloaded{[&](const TextMember& text) {
                                 const std::string& value = request.*text.member;
                                 return value.empty() ? Json() : Json(value);
                               },
                               [&](const FormedMember& formed) { return formed.write(request); },
                               [&](const auto& other) { return Json(request.*other.member); }},
                    row.member);
}

Json row_schema(const RequestRow& row) {
  return std::visit(Overloaded{[](const TextMember& text) { return text_member_schema(text); },
                               [](const WholeMember& whole) { return range_schema("integer", whole); },
                               [](const NumberMember& number) { return range_schema("number", number); },
                               [](const FlagMember&) {
                                 return Json{{"type", "boolean"}, {"default", false}};
                               },
                               [](const FormedMember& formed) { return formed.schema(); }},
                    row.member);
}

}  // namespace limner
