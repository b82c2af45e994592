#pragma once
// Counters, gauges and histograms, declared where they are counted, printed for Prometheus.

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace limner {

/// Seconds within which pictures are drawn: HTTP's usual buckets end at 10 s, which is too short.
inline constexpr double kPictureSeconds[] = {0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300};
/// Seconds of a step, of a request without a picture.
inline constexpr double kShortSeconds[] = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                           0.1,    0.25,  0.5,    1,     2.5,  5,     10};

/// One time series. Adding is wait-free.
class Counter {
 public:
  void add(double amount = 1);
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_ = 0;
};

class Gauge {
 public:
  void set(double value) { value_.store(value, std::memory_order_relaxed); }
  void add(double amount);
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_ = 0;
};

class Histogram {
 public:
  explicit Histogram(std::span<const double> bounds);
  void observe(double value);
  std::span<const double> bounds() const { return bounds_; }
  /// Observations at or below each bound, cumulative; the last is the count of all.
  std::vector<uint64_t> cumulative() const;
  double sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  std::vector<double> bounds_;
  std::unique_ptr<std::atomic<uint64_t>[]> counts_;
  std::atomic<double> sum_ = 0;
};

/// Series of one name that differ in their labels. with() finds or makes one; beyond `series_max` all further
/// label values share one series whose values are "other", so that strangers cannot fill memory with names.
template <class Series>
class MetricFamily {
 public:
  MetricFamily(std::string name, std::string help, std::vector<std::string> labels,
               std::function<std::unique_ptr<Series>()> make, size_t series_max = 200);
  /// One value for each label name, in their order. Takes a lock: keep the reference where it is hot.
  Series& with(const std::vector<std::string>& values);
  const std::string& name() const { return name_; }
  const std::string& help() const { return help_; }
  const std::vector<std::string>& labels() const { return labels_; }
  void visit(const std::function<void(const std::vector<std::string>&, const Series&)>& see) const;

 private:
  std::string name_, help_;
  std::vector<std::string> labels_;
  std::function<std::unique_ptr<Series>()> make_;
  size_t series_max_;
  mutable std::mutex mutex_;
  std::map<std::vector<std::string>, std::unique_ptr<Series>> series_;
};

/// All metrics of a process. Declaring the same name twice gives the same family. Thread-safe; families live
/// as long as the registry.
class Metrics {
 public:
  MetricFamily<Counter>& counter(std::string_view name, std::string_view help,
                                 std::vector<std::string> labels = {});
  MetricFamily<Gauge>& gauge(std::string_view name, std::string_view help,
                             std::vector<std::string> labels = {});
  MetricFamily<Histogram>& histogram(std::string_view name, std::string_view help,
                                     std::span<const double> bounds, std::vector<std::string> labels = {});
  /// Called before every scrape, one scrape at a time, to set gauges that nobody keeps up to date (queue
  /// depth, memory).
  void before_scrape(std::function<void()> refresh);
  /// The text exposition format, version 0.0.4.
  std::string prometheus_text();

 private:
  std::mutex mutex_, scrape_mutex_;
  std::map<std::string, MetricFamily<Counter>> counters_;
  std::map<std::string, MetricFamily<Gauge>> gauges_;
  std::map<std::string, MetricFamily<Histogram>> histograms_;
  std::vector<std::function<void()>> refreshers_;
};

}  // namespace limner
