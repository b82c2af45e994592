// Counts allocations for the tests of this program, in a file of its own: where these are inlined, g++ takes
// free() for a mismatch of new.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <new>

namespace {
std::atomic<int> count = 0;
}  // namespace

[[gnu::noinline]] void* operator new(size_t size) {
  ++count;
  if (void* memory = std::malloc(size != 0 ? size : 1)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace limner {

int allocation_count() { return count; }

TEST(AllocationCount, Counts) {
  const int before = allocation_count();
  const auto number = std::make_unique<int>(1);
  EXPECT_EQ(allocation_count() - before, 1);
}

}  // namespace limner
