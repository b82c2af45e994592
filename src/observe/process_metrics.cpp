#include "observe/process_metrics.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <filesystem>
#include <iterator>
#include <system_error>

#include "base/files.h"
#include "base/version.h"

namespace limner {
namespace {

constexpr size_t kProcFileBytesMax = size_t{4} << 20;

std::string proc_text(const std::filesystem::path& path) {
  Result<std::string> text = read_file(path, kProcFileBytesMax);
  return text ? std::move(text).value() : std::string();
}

// The field number `index` (from 0) of fields that single spaces part; 0 where it is missing.
double field_of(std::string_view text, size_t index) {
  for (; index > 0; --index) {
    const size_t space = text.find(' ');
    if (space == text.npos) return 0;
    text.remove_prefix(space + 1);
  }
  uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return static_cast<double>(value);
}

// proc(5): the second field of statm is the resident set, in pages.
double resident_bytes() {
  return field_of(proc_text("/proc/self/statm"), 1) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double open_descriptors() {
  std::error_code error;
  const std::filesystem::directory_iterator descriptors("/proc/self/fd", error);
  // One of them is what the listing itself reads.
  return error ? 0 : static_cast<double>(std::distance(begin(descriptors), end(descriptors)) - 1);
}

// proc(5): the 22nd field of stat is the start in ticks after the boot, whose time /proc/stat tells. The
// second field is the program's name in parentheses and may hold anything, so counting begins behind it.
double start_seconds() {
  const std::string stat = proc_text("/proc/self/stat"), system = proc_text("/proc/stat");
  const size_t name_end = stat.rfind(") "), boot = system.find("btime ");
  if (name_end == stat.npos || boot == system.npos) return 0;
  const double ticks = field_of(std::string_view(stat).substr(name_end + 2), 19);
  return field_of(std::string_view(system).substr(boot), 1) +
         ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace

void add_process_metrics(Metrics& metrics) {
  metrics.gauge("limner_build_info", "Which Limner this is; always 1.", {"version", "build"})
      .with({kVersion, kBuild})
      .set(1);
  metrics.gauge("process_start_time_seconds", "Start of the process, in seconds since 1970.")
      .with({})
      .set(start_seconds());
  Gauge& resident = metrics.gauge("process_resident_memory_bytes", "Resident memory.").with({});
  Gauge& descriptors = metrics.gauge("process_open_fds", "Open file descriptors.").with({});
  Counter& cpu = metrics.counter("process_cpu_seconds_total", "User and system CPU time spent.").with({});
  metrics.before_scrape([&resident, &descriptors, &cpu] {
    resident.set(resident_bytes());
    descriptors.set(open_descriptors());
    cpu.add(std::max(0.0, cpu_seconds() - cpu.value()));
  });
}

}  // namespace limner
