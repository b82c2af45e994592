#pragma once
// What this process may use of the machine: memory and cores, with the limits of containers.

#include <cstddef>
#include <filesystem>

namespace limner {

/// Bytes that can still be had without swapping: the system's MemAvailable, or what the tightest control
/// group (version 1 or 2) leaves if that is less; cache that can be dropped counts as free. `root` is where
/// /proc and /sys are found.
size_t available_memory_bytes(const std::filesystem::path& root = "/");

/// The most resident memory this process has had so far (VmHWM); 0 where the system does not say.
size_t peak_memory_bytes(const std::filesystem::path& root = "/");

/// Cores this process may run on: its affinity, or its control group's quota rounded up if that is less. At
/// least 1.
int usable_cores(const std::filesystem::path& root = "/");

}  // namespace limner
