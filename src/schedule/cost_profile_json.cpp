#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "schedule/cost_profile.h"

namespace limner {

namespace {

constexpr int kSideMax = 1 << 16;
constexpr size_t kNameMax = 1024;

struct ReadItem {
  StepClass step_class;
  int rows = 1, count = 1;
  double seconds = 0;
};

Result<int> whole(const Json& item, const char* name, int least, int most, const std::string& field) {
  const auto at = item.find(name);
  if (at == item.end() || !at->is_number_integer())
    return invalid(field + "." + name, "is missing or not a whole number");
  const int64_t value = at->is_number_unsigned() && at->get<uint64_t>() > uint64_t(most) ? int64_t(most) + 1
                                                                                         : at->get<int64_t>();
  if (value < least || value > most)
    return invalid(field + "." + name, fmt::format("is not in {} to {}", least, most));
  return int(value);
}

Result<ReadItem> read_item(const Json& item, bool with_class, bool with_rows, const std::string& field) {
  if (!item.is_object()) return invalid(field, "is not an object");
  ReadItem read;
  const auto model = item.find("model");
  if (model == item.end() || !model->is_string() || model->get_ref<const std::string&>().size() > kNameMax)
    return invalid(field + ".model", "is missing, not text or too long");
  read.step_class.model = model->get<std::string>();
  if (with_class) {
    read.step_class.width = TRY(whole(item, "width", 0, kSideMax, field));
    read.step_class.height = TRY(whole(item, "height", 0, kSideMax, field));
  }
  if (with_rows) read.rows = TRY(whole(item, "rows", 1, CostProfile::kRowsMax, field));
  read.count = TRY(whole(item, "count", 1, CostProfile::kCountMax, field));
  const auto seconds = item.find("seconds");
  if (seconds == item.end() || !seconds->is_number() || !CostProfile::plausible(seconds->get<double>()))
    return invalid(field + ".seconds", "is missing or not in 0 to 1000000");
  read.seconds = seconds->get<double>();
  return read;
}

Result<std::vector<ReadItem>> read_items(const Json& json, const char* name, size_t most, bool with_class,
                                         bool with_rows, std::string_view field) {
  const std::string here = std::string(field) + "." + name;
  const auto list = json.find(name);
  if (list == json.end() || !list->is_array()) return invalid(here, "is missing or not a list");
  if (list->size() > most) return invalid(here, "has more than " + std::to_string(most) + " items");
  std::vector<ReadItem> items;
  for (const Json& item : *list) {
    ReadItem read = TRY(read_item(item, with_class, with_rows, here));
    items.push_back(std::move(read));
  }
  return items;
}

}  // namespace

Json CostProfile::to_json() const {
  const auto class_json = [](const StepClass& step_class) {
    return Json{{"model", step_class.model}, {"width", step_class.width}, {"height", step_class.height}};
  };
  const auto with = [](Json json, const Measured& measured) {
    json["seconds"] = measured.seconds;
    json["count"] = measured.count;
    return json;
  };
  Json steps = Json::array(), fixed = Json::array(), loads = Json::array();
  for (const auto& [step_class, by_rows] : steps_)
    for (const auto& [rows, measured] : by_rows) {
      Json item = class_json(step_class);
      item["rows"] = rows;
      steps.push_back(with(std::move(item), measured));
    }
  for (const auto& [step_class, measured] : fixed_) fixed.push_back(with(class_json(step_class), measured));
  for (const auto& [model, measured] : loads_) loads.push_back(with(Json{{"model", model}}, measured));
  return Json{{"steps", std::move(steps)}, {"fixed", std::move(fixed)}, {"loads", std::move(loads)}};
}

Result<CostProfile> CostProfile::from_json(const Json& json, std::string_view field) {
  if (!json.is_object()) return invalid(std::string(field), "is not an object");
  CostProfile profile;
  const std::vector<ReadItem> steps = TRY(read_items(json, "steps", kClassesMax * 16, true, true, field));
  const std::vector<ReadItem> fixed = TRY(read_items(json, "fixed", kClassesMax, true, false, field));
  const std::vector<ReadItem> loads = TRY(read_items(json, "loads", kClassesMax, false, false, field));
  for (const ReadItem& item : steps) profile.steps_[item.step_class][item.rows] = {item.seconds, item.count};
  for (const ReadItem& item : fixed) profile.fixed_[item.step_class] = {item.seconds, item.count};
  for (const ReadItem& item : loads) profile.loads_[item.step_class.model] = {item.seconds, item.count};
  if (profile.steps_.size() > kClassesMax)
    return invalid(std::string(field) + ".steps",
                   "has more than " + std::to_string(kClassesMax) + " classes");
  return profile;
}

}  // namespace limner
