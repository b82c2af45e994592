#include "base/metrics.h"

#include <algorithm>

#include "base/check.h"

namespace limner {

void Counter::add(double amount) {
  LIMNER_DCHECK(amount >= 0, "a counter only grows");
  value_.fetch_add(amount, std::memory_order_relaxed);
}

void Gauge::add(double amount) { value_.fetch_add(amount, std::memory_order_relaxed); }

Histogram::Histogram(std::span<const double> bounds)
    : bounds_(bounds.begin(), bounds.end()),
      counts_(std::make_unique<std::atomic<uint64_t>[]>(bounds.size() + 1)) {
  LIMNER_CHECK(std::ranges::is_sorted(bounds_), "the bounds of a histogram rise");
}

void Histogram::observe(double value) {
  const auto bucket = std::ranges::lower_bound(bounds_, value) - bounds_.begin();
  counts_[static_cast<size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

std::vector<uint64_t> Histogram::cumulative() const {
  std::vector<uint64_t> counts(bounds_.size() + 1);
  uint64_t below = 0;
  for (size_t i = 0; i < counts.size(); ++i) counts[i] = below += counts_[i].load(std::memory_order_relaxed);
  return counts;
}

template <class Series>
MetricFamily<Series>::MetricFamily(std::string name, std::string help, std::vector<std::string> labels,
                                   std::function<std::unique_ptr<Series>()> make, size_t series_max)
    : name_(std::move(name)),
      help_(std::move(help)),
      labels_(std::move(labels)),
      make_(std::move(make)),
      series_max_(series_max) {
  // A series without labels exists from the start: an alert on it must see 0, not nothing.
  if (labels_.empty()) with({});
}

template <class Series>
Series& MetricFamily<Series>::with(const std::vector<std::string>& values) {
  LIMNER_CHECK(values.size() == labels_.size(), "a series has one value for each label");
  const std::lock_guard lock(mutex_);
  auto found = series_.find(values);
  if (found != series_.end()) return *found->second;
  std::vector<std::string> key = values;
  if (series_.size() >= series_max_) key.assign(labels_.size(), "other");
  std::unique_ptr<Series>& series = series_[std::move(key)];
  if (!series) series = make_();
  return *series;
}

template <class Series>
void MetricFamily<Series>::visit(
    const std::function<void(const std::vector<std::string>&, const Series&)>& see) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [values, series] : series_) see(values, *series);
}

template class MetricFamily<Counter>;
template class MetricFamily<Gauge>;
template class MetricFamily<Histogram>;

namespace {

template <class Series>
MetricFamily<Series>& declare(std::map<std::string, MetricFamily<Series>>& families, std::string_view name,
                              std::string_view help, std::vector<std::string> labels,
                              std::function<std::unique_ptr<Series>()> make) {
  const std::string key(name);
  MetricFamily<Series>& family =
      families.try_emplace(key, key, std::string(help), labels, std::move(make)).first->second;
  LIMNER_CHECK(family.labels() == labels, "a metric has the same labels wherever it is declared");
  return family;
}

}  // namespace

MetricFamily<Counter>& Metrics::counter(std::string_view name, std::string_view help,
                                        std::vector<std::string> labels) {
  const std::lock_guard lock(mutex_);
  LIMNER_CHECK(!gauges_.contains(std::string(name)) && !histograms_.contains(std::string(name)),
               "a metric is of one kind");
  return declare<Counter>(counters_, name, help, std::move(labels),
                          [] { return std::make_unique<Counter>(); });
}

MetricFamily<Gauge>& Metrics::gauge(std::string_view name, std::string_view help,
                                    std::vector<std::string> labels) {
  const std::lock_guard lock(mutex_);
  LIMNER_CHECK(!counters_.contains(std::string(name)) && !histograms_.contains(std::string(name)),
               "a metric is of one kind");
  return declare<Gauge>(gauges_, name, help, std::move(labels), [] { return std::make_unique<Gauge>(); });
}

MetricFamily<Histogram>& Metrics::histogram(std::string_view name, std::string_view help,
                                            std::span<const double> bounds, std::vector<std::string> labels) {
  const std::lock_guard lock(mutex_);
  LIMNER_CHECK(!counters_.contains(std::string(name)) && !gauges_.contains(std::string(name)),
               "a metric is of one kind");
  return declare<Histogram>(
      histograms_, name, help, std::move(labels),
      [own = std::vector<double>(bounds.begin(), bounds.end())] { return std::make_unique<Histogram>(own); });
}

void Metrics::before_scrape(std::function<void()> refresh) {
  const std::lock_guard lock(mutex_);
  refreshers_.push_back(std::move(refresh));
}

}  // namespace limner
