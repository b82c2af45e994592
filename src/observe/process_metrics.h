#pragma once
// What this process is and uses, under the names that Prometheus' own clients use.

#include "base/metrics.h"

namespace limner {

/// Declares limner_build_info{version,build} and process_{resident_memory_bytes, cpu_seconds_total, open_fds,
/// start_time_seconds}, read from /proc before each scrape. Call once for a `metrics`.
void add_process_metrics(Metrics& metrics);

}  // namespace limner
