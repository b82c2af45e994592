// /v1/panels: pairs of pictures of which people say, blind, which is the better one.

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "api/admin/admin_json.h"
#include "api/answer_with.h"
#include "api/picture_urls.h"
#include "api/query_values.h"
#include "api/route_groups.h"
#include "api/time_text.h"
#include "base/crypto.h"
#include "base/ids.h"
#include "base/sha256.h"
#include "image/codec.h"
#include "image/format.h"
#include "jobs/bradley_terry.h"
#include "jobs/json_values.h"

namespace limner {
namespace {

constexpr size_t kPanelBodyBytesMax = 1u << 20, kPanelPairsMax = 2000, kPanelNameBytesMax = 200;
constexpr size_t kPanelLabelsMax = 100, kPanelLabelBytesMax = 200;
constexpr int kPanelsListed = 500;

Json panel_json(const Panel& panel) {
  return {{"id", panel.id},       {"object", "panel"},    {"name", panel.name},
          {"pairs", panel.pairs}, {"votes", panel.votes}, {"created", time_json(panel.created)}};
}

Result<Panel> find_panel(Services& services, const Request& request) {
  const std::string& id = request.captures[0];
  if (!is_id(id, "pan")) return not_found("id", "there is no such panel");
  return services.ledger.panels().find(id);
}

// A number that is the same whenever this person sees this pair, and says nothing about the pair.
uint64_t lot(const Request& request, const std::string& panel, size_t pair) {
  const std::string text = fmt::format("{}/{}/{}", panel, pair, request.caller->key.id);
  return std::stoull(sha256_hex(as_bytes(text)).substr(0, 15), nullptr, 16);
}

bool is_swapped(const Request& request, const std::string& panel, size_t pair) {
  return lot(request, panel, pair) % 2 == 1;
}

// The model that drew it, unless the panel's maker says what it stands for.
Result<std::string> label_of(Services& services, const Json& pair, const char* key,
                             const PictureRow& picture) {
  if (pair.contains(key)) return read_text(pair[key], key, kPanelLabelBytesMax);
  const Job job = TRY(services.ledger.jobs().find(picture.job));
  return job.drawn_by.empty() ? job.model : job.drawn_by;
}

Result<PictureRow> panel_picture(Services& services, const Json& pair, const char* key) {
  if (!pair.contains(key)) return invalid(key, "missing");
  const std::string id = TRY(read_text(pair[key], key, 64));
  if (!is_id(id, "pic")) return not_found(key, "there is no such picture");
  PictureRow picture = TRY(services.ledger.pictures().find(id));
  if (picture.deleted != 0) return not_found(key, "it was deleted");
  TRY(services.worker.containment().check_picture(picture));
  return picture;
}

Result<PanelPair> read_panel_pair(Services& services, const Json& json) {
  if (!json.is_object()) return invalid("pairs", "a pair is an object");
  for (const auto& [name, value] : json.items())
    if (name != "a" && name != "b" && name != "label_a" && name != "label_b" && name != "gold")
      return invalid(name, "there is no such key; there are: a, b, label_a, label_b, gold");
  const PictureRow a = TRY(panel_picture(services, json, "a")), b = TRY(panel_picture(services, json, "b"));
  PanelPair pair{a.id, b.id, TRY(label_of(services, json, "label_a", a)),
                 TRY(label_of(services, json, "label_b", b))};
  if (json.contains("gold") && !json["gold"].is_null())
    pair.gold = TRY(panel_choice_from_name(TRY(read_text(json["gold"], "gold", 8))));
  return pair;
}

Result<Response> make_panel(Services& services, const Request& request) {
  TRY(request.check_query({}));
  const Json body = TRY(request.json_object());
  for (const auto& [name, value] : body.items())
    if (name != "name" && name != "pairs")
      return invalid(name, "there is no such key; there are: name, pairs");
  for (const char* needed : {"name", "pairs"})
    if (!body.contains(needed)) return invalid(needed, "missing");
  Panel panel;
  panel.name = TRY(read_text(body["name"], "name", kPanelNameBytesMax));
  TRY(check_list(body["pairs"], "pairs", kPanelPairsMax));
  if (body["pairs"].empty()) return invalid("pairs", "is empty");
  std::vector<PanelPair> pairs;
  std::map<std::string, int> labels;
  for (const Json& json : body["pairs"]) {
    pairs.push_back(TRY(read_panel_pair(services, json)));
    ++labels[pairs.back().label_a];
    ++labels[pairs.back().label_b];
  }
  if (labels.size() > kPanelLabelsMax)
    return invalid("pairs",
                   fmt::format("compare {} with each other; at most {} are", labels.size(), kPanelLabelsMax));
  panel.id = new_id("pan");
  panel.made_by = sender(request);
  panel.created = services.clock.now();
  TRY(services.ledger.panels().create(panel, pairs));
  panel.pairs = static_cast<int>(pairs.size());
  Response response = json_response(201, panel_json(panel));
  response.headers.emplace_back("Location", "/v1/panels/" + panel.id);
  return response;
}

Result<Response> list_panels(Services& services, const Request& request) {
  TRY(request.check_query({}));
  Json data = Json::array();
  for (const Panel& panel : TRY(services.ledger.panels().list(kPanelsListed)))
    data.push_back(panel_json(panel));
  return json_response(200, {{"object", "list"}, {"data", std::move(data)}});
}

Result<Response> get_panel(Services& services, const Request& request) {
  TRY(request.check_query({}));
  return json_response(200, panel_json(TRY(find_panel(services, request))));
}

// Everybody goes through the pairs in an order of their own, so that what is tiring is not always the same.
Result<Response> next_pair(Services& services, const Request& request) {
  TRY(request.check_query({}));
  const Panel panel = TRY(find_panel(services, request));
  std::vector<std::pair<uint64_t, size_t>> order;
  for (size_t pair = 0; pair < static_cast<size_t>(panel.pairs); ++pair)
    order.emplace_back(lot(request, panel.id, pair) / 2, pair);
  for (const PanelVote& vote : TRY(services.ledger.panels().votes(panel.id)))
    if (vote.by == sender(request))
      std::erase_if(order, [&](const auto& each) { return each.second == static_cast<size_t>(vote.pair); });
  if (order.empty())
    return json_response(200, {{"pair", nullptr}, {"left", nullptr}, {"right", nullptr}, {"remaining", 0}});
  const size_t pair = std::ranges::min(order).second;
  const std::string path = fmt::format("/v1/panels/{}/pairs/{}", panel.id, pair);
  return json_response(
      200,
      {{"pair", pair}, {"left", path + "/left"}, {"right", path + "/right"}, {"remaining", order.size()}});
}

Result<size_t> read_pair_number(const std::string& text, size_t pairs) {
  const std::optional<uint64_t> number = whole_number(text);
  if (!number || *number >= pairs) return not_found("pair", "the panel has no such pair");
  return static_cast<size_t>(*number);
}

// Pixels alone: texts and manifests would say which model drew it.
Result<Response> get_side(Services& services, const Request& request) {
  TRY(request.check_query({}));
  const Panel panel = TRY(find_panel(services, request));
  const std::vector<PanelPair> pairs = TRY(services.ledger.panels().pairs(panel.id));
  const size_t number = TRY(read_pair_number(request.captures[1], pairs.size()));
  const std::string& side = request.captures[2];
  if (side != "left" && side != "right") return not_found("side", "is neither left nor right");
  const bool first = (side == "left") != is_swapped(request, panel.id, number);
  const PictureRow picture = TRY(services.ledger.pictures().find(first ? pairs[number].a : pairs[number].b));
  if (picture.deleted != 0) return not_found("picture", "it was deleted");
  const std::string file = TRY(read_picture_file(services, picture));
  const Picture pixels = TRY(decode_picture(as_bytes(file), "picture", services.uploads.limits().decode));
  const std::vector<std::byte> png = TRY(encode_picture(pixels, {.format = Format::png}));
  Response response;
  response.content_type = std::string(format_media_type(Format::png));
  response.headers = {{"Cache-Control", "no-store"}};
  response.body.assign(reinterpret_cast<const char*>(png.data()), png.size());
  return response;
}

Result<Response> vote_on_pair(Services& services, const Request& request) {
  TRY(request.check_query({}));
  const Panel panel = TRY(find_panel(services, request));
  const Json body = TRY(request.json_object());
  for (const auto& [name, value] : body.items())
    if (name != "pair" && name != "choice")
      return invalid(name, "there is no such key; there are: pair, choice");
  for (const char* needed : {"pair", "choice"})
    if (!body.contains(needed)) return invalid(needed, "missing");
  PanelVote vote;
  vote.pair = TRY(read_whole(body["pair"], "pair", 0, static_cast<int>(kPanelPairsMax)));
  const std::string choice = TRY(read_text(body["choice"], "choice", 8));
  if (choice != "left" && choice != "right" && choice != "tie")
    return invalid("choice", "is none of left, right, tie");
  vote.by = sender(request);
  vote.swapped = is_swapped(request, panel.id, static_cast<size_t>(vote.pair));
  const bool first = (choice == "left") != vote.swapped;
  vote.choice = choice == "tie" ? PanelChoice::tie : first ? PanelChoice::first : PanelChoice::second;
  vote.at = services.clock.now();
  TRY(services.ledger.panels().vote(panel.id, vote));
  Response response;
  response.status = 204;
  return response;
}

/// How a voter did on pairs whose answer is known.
struct GoldCount {
  int right = 0, asked = 0;
  bool passes(double share) const { return asked == 0 || right >= share * asked; }
};

double outcome_of(PanelChoice choice) {
  return choice == PanelChoice::first ? 1 : choice == PanelChoice::second ? 0 : 0.5;
}

Result<Response> get_result(Services& services, const Request& request) {
  TRY(request.check_query({"gold"}));
  const Panel panel = TRY(find_panel(services, request));
  const double share = static_cast<double>(TRY(query_whole(request, "gold", 0, 0, 100))) / 100;
  const std::vector<PanelPair> pairs = TRY(services.ledger.panels().pairs(panel.id));
  const std::vector<PanelVote> votes = TRY(services.ledger.panels().votes(panel.id));
  std::map<std::string, GoldCount> voters;
  for (const PanelVote& vote : votes) {
    GoldCount& voter = voters[vote.by.id];
    const PanelPair& pair = pairs.at(static_cast<size_t>(vote.pair));
    if (!pair.gold) continue;
    ++voter.asked;
    voter.right += vote.choice == *pair.gold;
  }
  std::map<std::string, int> numbers;
  for (const PanelPair& pair : pairs) {
    if (pair.gold) continue;
    numbers.try_emplace(pair.label_a);
    numbers.try_emplace(pair.label_b);
  }
  int next = 0;
  for (auto& [label, number] : numbers) number = next++;
  std::vector<Comparison> comparisons;
  int ties = 0;
  for (const PanelVote& vote : votes) {
    const PanelPair& pair = pairs[static_cast<size_t>(vote.pair)];
    if (pair.gold || !voters[vote.by.id].passes(share)) continue;
    comparisons.push_back({numbers[pair.label_a], numbers[pair.label_b], outcome_of(vote.choice)});
    ties += vote.choice == PanelChoice::tie;
  }
  const std::vector<Strength> strengths = bradley_terry(static_cast<int>(numbers.size()), comparisons);
  Json labels = Json::array(), people = Json::array();
  for (const auto& [label, number] : numbers) {
    const Strength& found = strengths[static_cast<size_t>(number)];
    labels.push_back({{"label", label},
                      {"strength", found.value},
                      {"low", found.low},
                      {"high", found.high},
                      {"compared", found.compared}});
  }
  for (const auto& [voter, gold] : voters)
    people.push_back({{"voter", voter},
                      {"gold_right", gold.right},
                      {"gold_asked", gold.asked},
                      {"counted", gold.passes(share)}});
  return json_response(200, {{"panel", panel.id},
                             {"comparisons", comparisons.size()},
                             {"ties", ties},
                             {"labels", std::move(labels)},
                             {"voters", std::move(people)}});
}

constexpr std::string_view kPanelSchema =
    R"({"type":"object","properties":{"id":{"type":"string"},"object":{"const":"panel"},"name":{"type":"string"},"pairs":{"type":"integer"},"votes":{"type":"integer"},"created":{"type":"string"}},"required":["id","object","name","pairs","votes","created"]})";

const Route kPanelRoutes[] = {
    {.method = "POST",
     .path = "/v1/panels",
     .access = Access::review,
     .dialect = Dialect::native,
     .body_bytes_max = kPanelBodyBytesMax,
     .summary = "Make a panel of pairs of pictures; those with gold show who does not look.",
     .handle = answer_with<make_panel>,
     .body_schema =
         R"({"type":"object","properties":{"name":{"type":"string","minLength":1,"maxLength":200},"pairs":{"type":"array","minItems":1,"maxItems":2000,"items":{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"},"label_a":{"type":"string","minLength":1,"maxLength":200},"label_b":{"type":"string","minLength":1,"maxLength":200},"gold":{"enum":["a","b","tie",null]}},"required":["a","b"],"additionalProperties":false}}},"required":["name","pairs"],"additionalProperties":false})",
     .ok_status = 201,
     .ok_schema = kPanelSchema},
    {.method = "GET",
     .path = "/v1/panels",
     .access = Access::review,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "The last 500 panels.",
     .handle = answer_with<list_panels>,
     .ok_schema =
         R"({"type":"object","properties":{"object":{"const":"list"},"data":{"type":"array","items":{"type":"object"}}},"required":["object","data"]})"},
    {.method = "GET",
     .path = "/v1/panels/{id}",
     .access = Access::review,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "A panel.",
     .handle = answer_with<get_panel>,
     .ok_schema = kPanelSchema},
    {.method = "GET",
     .path = "/v1/panels/{id}/next",
     .access = Access::review,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "A pair that this key has not said anything about, on sides by lot; null once there is none.",
     .handle = answer_with<next_pair>,
     .ok_schema =
         R"({"type":"object","properties":{"pair":{"type":["integer","null"]},"left":{"type":["string","null"]},"right":{"type":["string","null"]},"remaining":{"type":"integer"}},"required":["pair","left","right","remaining"]})"},
    {.method = "GET",
     .path = "/v1/panels/{id}/pairs/{pair}/{side}",
     .access = Access::review,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "The picture on the left or on the right: its pixels, and nothing that says who drew it.",
     .handle = answer_with<get_side>,
     .ok_type = "image/png"},
    {.method = "POST",
     .path = "/v1/panels/{id}/votes",
     .access = Access::review,
     .dialect = Dialect::native,
     .body_bytes_max = 1024,
     .summary = "Say which side is better, or that neither is.",
     .handle = answer_with<vote_on_pair>,
     .body_schema =
         R"({"type":"object","properties":{"pair":{"type":"integer","minimum":0,"maximum":2000},"choice":{"type":"string","enum":["left","right","tie"]}},"required":["pair","choice"],"additionalProperties":false})",
     .ok_status = 204},
    {.method = "GET",
     .path = "/v1/panels/{id}/result",
     .access = Access::review,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "Strengths after Bradley and Terry with 95 % intervals, and how voters did on gold pairs.",
     .handle = answer_with<get_result>,
     .query = {{"gold", R"({"type":"integer","minimum":0,"maximum":100,"default":0})",
                "Percentage of gold pairs that a voter must have right to count."}},
     .ok_schema =
         R"({"type":"object","properties":{"panel":{"type":"string"},"comparisons":{"type":"integer"},"ties":{"type":"integer"},"labels":{"type":"array","items":{"type":"object"}},"voters":{"type":"array","items":{"type":"object"}}},"required":["panel","comparisons","ties","labels","voters"]})"},
};

}  // namespace

std::span<const Route> panel_routes() { return kPanelRoutes; }

}  // namespace limner
