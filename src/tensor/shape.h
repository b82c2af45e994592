#pragma once
// The extents of a tensor, at most five, kept inline so that a shape never allocates.

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace limner {

/// Extents, outermost first. Pictures inside networks are [batch, height, width, channels]; token sequences
/// [batch, tokens, channels]; weights as stored in the file (linear [out, in], convolution [out, in, kh,
/// kw]).
class Shape {
 public:
  static constexpr size_t kRankMax = 5;
  Shape() = default;
  Shape(std::initializer_list<int64_t> dims);
  explicit Shape(std::span<const int64_t> dims);

  size_t rank() const { return rank_; }
  int64_t operator[](size_t axis) const { return dims_[axis]; }
  int64_t& operator[](size_t axis) { return dims_[axis]; }
  /// The innermost extent. The shape must not be a scalar.
  int64_t back() const { return dims_[rank_ - 1]; }
  int64_t& back() { return dims_[rank_ - 1]; }
  std::span<const int64_t> dims() const { return {dims_.data(), rank_}; }
  /// Product of the extents; 1 for a scalar.
  int64_t count() const;
  /// "[2, 64, 64, 320]".
  std::string text() const;
  friend bool operator==(const Shape& a, const Shape& b);

 private:
  std::array<int64_t, kRankMax> dims_{};
  size_t rank_ = 0;
};

}  // namespace limner
