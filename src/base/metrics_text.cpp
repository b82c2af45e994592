// Prometheus' text exposition format, version 0.0.4
// (https://prometheus.io/docs/instrumenting/exposition_formats/), declared in base/metrics.h.
#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "base/metrics.h"

namespace limner {
namespace {

using Values = std::vector<std::string>;

std::string escaped(std::string_view text, bool quotes) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || (quotes && c == '"')) out += '\\';
    if (c == '\n') out += '\\';
    out += c == '\n' ? 'n' : c;
  }
  return out;
}

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

// {a="x",b="y"}, with `bound` as the label `le` where there is one; nothing where there are no labels.
std::string label_text(const Values& names, const Values& values, std::string_view bound = {}) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i)
    text += fmt::format("{}{}=\"{}\"", text.empty() ? "" : ",", names[i], escaped(values[i], true));
  if (!bound.empty()) text += fmt::format("{}le=\"{}\"", text.empty() ? "" : ",", bound);
  return text.empty() ? text : "{" + text + "}";
}

template <class Series>
void append_series(std::string& text, const MetricFamily<Series>& family, const Values& values,
                   const Series& series) {
  text +=
      fmt::format("{}{} {}\n", family.name(), label_text(family.labels(), values), number(series.value()));
}

void append_series(std::string& text, const MetricFamily<Histogram>& family, const Values& values,
                   const Histogram& series) {
  const std::string labels = label_text(family.labels(), values);
  const std::vector<uint64_t> counts = series.cumulative();
  for (size_t i = 0; i < counts.size(); ++i) {
    const std::string bound = i < series.bounds().size() ? number(series.bounds()[i]) : "+Inf";
    text +=
        fmt::format("{}_bucket{} {}\n", family.name(), label_text(family.labels(), values, bound), counts[i]);
  }
  text += fmt::format("{0}_sum{1} {2}\n{0}_count{1} {3}\n", family.name(), labels, number(series.sum()),
                      counts.back());
}

template <class Series>
void append_families(std::string& text, const std::map<std::string, MetricFamily<Series>>& families,
                     std::string_view kind) {
  for (const auto& [name, family] : families) {
    text += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, escaped(family.help(), false), kind);
    family.visit([&text, &family = family](const Values& values, const Series& series) {
      append_series(text, family, values, series);
    });
  }
}

}  // namespace

std::string Metrics::prometheus_text() {
  // A refresher may declare metrics, so none runs under the lock that declaring takes.
  const std::lock_guard scrape_lock(scrape_mutex_);
  std::vector<std::function<void()>> refreshers;
  {
    const std::lock_guard lock(mutex_);
    refreshers = refreshers_;
  }
  for (const std::function<void()>& refresh : refreshers) refresh();
  std::string text;
  const std::lock_guard lock(mutex_);
  append_families(text, counters_, "counter");
  append_families(text, gauges_, "gauge");
  append_families(text, histograms_, "histogram");
  return text;
}

}  // namespace limner
