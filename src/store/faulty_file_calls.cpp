#include "store/faulty_file_calls.h"

#include <fmt/format.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdint>

namespace limner {
namespace {

constexpr const char* kFaultsField = "faults";
constexpr const char* kFaultsForm =
    "is not CALL:PROBABILITY or seed:NUMBER; calls are open, write, fsync, rename and enospc, a probability "
    "is "
    "0 to 1";

struct Faults {
  double open = 0, write = 0, sync = 0, rename = 0, full = 0;
  uint64_t seed = 0;
};

class FaultyFileCalls final : public FileCalls {
 public:
  explicit FaultyFileCalls(const Faults& faults) : faults_(faults) {}

  int open(int folder, const char* name, int flags, mode_t mode) override {
    return falls_on(faults_.open) ? fail(EIO) : system_.open(folder, name, flags, mode);
  }
  ssize_t write(int file, std::span<const std::byte> bytes) override {
    if (falls_on(faults_.write)) return fail(EIO);
    if (!falls_on(faults_.full)) return system_.write(file, bytes);
    // A disk fills up in the middle of a file: some bytes are there when the error comes.
    const ssize_t wrote = system_.write(file, bytes.first(bytes.size() / 2));
    return wrote < 0 ? wrote : fail(ENOSPC);
  }
  int sync(int file) override { return falls_on(faults_.sync) ? fail(EIO) : system_.sync(file); }
  int rename(int from_folder, const char* from, int to_folder, const char* to) override {
    return falls_on(faults_.rename) ? fail(EIO) : system_.rename(from_folder, from, to_folder, to);
  }
  int make_folder(int folder, const char* name, mode_t mode) override {
    return system_.make_folder(folder, name, mode);
  }
  int remove(int folder, const char* name, int flags) override { return system_.remove(folder, name, flags); }

 private:
  static int fail(int error_number) {
    errno = error_number;
    return -1;
  }

  // The n-th draw is a hash of n and the seed (SplitMix64, Steele et al. 2014), so that threads share no
  // state but the count.
  bool falls_on(double probability) {
    uint64_t z = faults_.seed + 0x9e3779b97f4a7c15u * ++draws_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    return static_cast<double>(z >> 11) * 0x1p-53 < probability;
  }

  const Faults faults_;
  SystemFileCalls system_;
  std::atomic<uint64_t> draws_ = 0;
};

template <class Number>
bool read_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

double* probability_of(Faults& faults, std::string_view call) {
  if (call == "open") return &faults.open;
  if (call == "write") return &faults.write;
  if (call == "fsync") return &faults.sync;
  if (call == "rename") return &faults.rename;
  if (call == "enospc") return &faults.full;
  return nullptr;
}

Result<void> read_fault(std::string_view item, Faults& faults) {
  const size_t colon = item.find(':');
  const std::string_view name = item.substr(0, colon);
  const std::string_view number = colon == std::string_view::npos ? "" : item.substr(colon + 1);
  if (name == "seed" && read_number(number, faults.seed)) return {};
  double* probability = probability_of(faults, name);
  if (probability && read_number(number, *probability) && *probability >= 0 && *probability <= 1) return {};
  return invalid(kFaultsField, fmt::format("'{}' {}", item, kFaultsForm), "write:0.01,fsync:0.01,seed:7");
}

}  // namespace

Result<std::unique_ptr<FileCalls>> parse_faults(std::string_view text) {
  Faults faults;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    TRY(read_fault(text.substr(0, comma), faults));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return std::unique_ptr<FileCalls>(std::make_unique<FaultyFileCalls>(faults));
}

}  // namespace limner
