#include "base/memory.h"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"

namespace limner {
namespace {

namespace fs = std::filesystem;

constexpr size_t kSystemFileBytesMax = size_t{1} << 20;

std::string text_of(const fs::path& path) {
  Result<std::string> text = read_file(path, kSystemFileBytesMax);
  return text ? std::move(text).value() : std::string();
}

std::optional<size_t> number_at(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  return value;
}

// The number after `key` at the start of a line: "MemAvailable:   24206996 kB", "inactive_file 4096".
std::optional<size_t> number_of(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (line.starts_with(key)) return number_at(line.substr(key.size()));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return std::nullopt;
}

// Whether `name` is one of "cpu,cpuacct"; version 2 names none.
bool lists(std::string_view names, std::string_view name) {
  while (true) {
    const size_t comma = names.find(',');
    if (names.substr(0, comma) == name) return true;
    if (comma == names.npos) return false;
    names.remove_prefix(comma + 1);
  }
}

// The control group folders that bind this process, innermost first. `controller` is empty for version 2.
std::vector<fs::path> control_groups(const fs::path& root, std::string_view controller) {
  const std::string groups = text_of(root / "proc/self/cgroup");  // lines "4:memory:/a/b" and "0::/a/b"
  fs::path mount = root / "sys/fs/cgroup";
  if (!controller.empty()) mount /= controller;
  std::vector<fs::path> folders;
  std::string_view rest = groups;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const size_t first = line.find(':');
    const size_t second = first == line.npos ? line.npos : line.find(':', first + 1);
    if (second == line.npos) continue;
    if (!lists(line.substr(first + 1, second - first - 1), controller)) continue;
    for (fs::path group = fs::path(line.substr(second + 1)).relative_path(); !group.empty();
         group = group.parent_path())
      folders.push_back(mount / group);
  }
  // Inside a container the group's own folder is often what is mounted, whatever /proc calls it.
  folders.push_back(mount);
  return folders;
}

struct MemoryFiles {
  std::string_view controller, limit, used, inactive;
};
constexpr MemoryFiles kMemoryFiles[] = {
    {"", "memory.max", "memory.current", "inactive_file"},
    {"memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"}};

size_t left_in_group(const fs::path& group, const MemoryFiles& files) {
  const std::optional<size_t> limit =
      number_at(text_of(group / files.limit));  // "max" is no number: no limit
  const std::optional<size_t> used = number_at(text_of(group / files.used));
  if (!limit || !used) return std::numeric_limits<size_t>::max();
  const size_t inactive = number_of(text_of(group / "memory.stat"), files.inactive).value_or(0);
  const size_t held = *used - std::min(inactive, *used);
  return *limit - std::min(held, *limit);
}

// Whole cores of a quota a period, rounded up; no answer without a quota.
std::optional<size_t> quota_cores(std::optional<size_t> quota_us, std::optional<size_t> period_us) {
  if (!quota_us || !period_us || *quota_us == 0 || *period_us == 0) return std::nullopt;
  return (*quota_us - 1) / *period_us + 1;
}

}  // namespace

size_t available_memory_bytes(const fs::path& root) {
  const std::string meminfo = text_of(root / "proc/meminfo");
  size_t available = number_of(meminfo, "MemAvailable:").value_or(0) * 1024;
  for (const MemoryFiles& files : kMemoryFiles)
    for (const fs::path& group : control_groups(root, files.controller))
      available = std::min(available, left_in_group(group, files));
  return available;
}

size_t peak_memory_bytes(const fs::path& root) {
  return number_of(text_of(root / "proc/self/status"), "VmHWM:").value_or(0) * 1024;
}

int usable_cores(const fs::path& root) {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  const bool known = ::sched_getaffinity(0, sizeof(cpus), &cpus) == 0;
  size_t cores = known ? static_cast<size_t>(CPU_COUNT(&cpus)) : 1;
  const auto limit = [&](std::optional<size_t> quota) { cores = std::min(cores, quota.value_or(cores)); };
  for (const fs::path& group : control_groups(root, "")) {
    const std::string text = text_of(group / "cpu.max");  // "150000 100000" or "max 100000"
    const size_t space = text.find(' ');
    if (space != text.npos) limit(quota_cores(number_at(text), number_at(text.substr(space))));
  }
  for (const fs::path& group : control_groups(root, "cpu"))
    limit(quota_cores(number_at(text_of(group / "cpu.cfs_quota_us")),
                      number_at(text_of(group / "cpu.cfs_period_us"))));
  return static_cast<int>(std::max<size_t>(cores, 1));
}

}  // namespace limner
