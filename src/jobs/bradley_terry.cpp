#include "jobs/bradley_terry.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace limner {
namespace {

constexpr int kIterations = 10'000;
constexpr double kPrecision = 1e-10;
constexpr double kNormal95 = 1.959964;

using Matrix = std::vector<std::vector<double>>;

// Gauss and Jordan, with pivots; the matrix is positive definite.
Matrix inverse(Matrix matrix) {
  const size_t count = matrix.size();
  Matrix result(count, std::vector<double>(count));
  for (size_t i = 0; i < count; ++i) result[i][i] = 1;
  for (size_t column = 0; column < count; ++column) {
    size_t pivot = column;
    for (size_t row = column + 1; row < count; ++row)
      if (std::abs(matrix[row][column]) > std::abs(matrix[pivot][column])) pivot = row;
    std::swap(matrix[column], matrix[pivot]);
    std::swap(result[column], result[pivot]);
    const double scale = matrix[column][column];
    for (size_t k = 0; k < count; ++k) {
      matrix[column][k] /= scale;
      result[column][k] /= scale;
    }
    for (size_t row = 0; row < count; ++row) {
      if (row == column) continue;
      const double factor = matrix[row][column];
      for (size_t k = 0; k < count; ++k) {
        matrix[row][k] -= factor * matrix[column][k];
        result[row][k] -= factor * result[column][k];
      }
    }
  }
  return result;
}

}  // namespace

std::vector<Strength> bradley_terry(int count, const std::vector<Comparison>& comparisons) {
  const auto size = static_cast<size_t>(count);
  // The last is the average one, whose strength is 1.
  const size_t average = size;
  Matrix games(size + 1, std::vector<double>(size + 1));
  std::vector<double> wins(size, 0.5), strength(size + 1, 1);
  std::vector<Strength> strengths(size);
  for (size_t i = 0; i < size; ++i) games[i][average] = games[average][i] = 1;
  for (const Comparison& each : comparisons) {
    const auto a = static_cast<size_t>(each.first), b = static_cast<size_t>(each.second);
    if (a == b) continue;  // the same against itself says nothing
    wins[a] += each.outcome;
    wins[b] += 1 - each.outcome;
    ++games[a][b];
    ++games[b][a];
    ++strengths[a].compared;
    ++strengths[b].compared;
  }
  for (int iteration = 0; iteration < kIterations; ++iteration) {
    double moved = 0;
    for (size_t i = 0; i < size; ++i) {
      double sum = 0;
      for (size_t k = 0; k <= size; ++k)
        if (games[i][k] > 0) sum += games[i][k] / (strength[i] + strength[k]);
      const double next = wins[i] / sum;
      moved = std::max(moved, std::abs(std::log(next / strength[i])));
      strength[i] = next;
    }
    if (moved < kPrecision) break;
  }
  Matrix information(size, std::vector<double>(size));
  for (size_t i = 0; i < size; ++i)
    for (size_t k = 0; k <= size; ++k) {
      if (games[i][k] == 0) continue;
      const double sum = strength[i] + strength[k];
      const double weight = games[i][k] * strength[i] * strength[k] / (sum * sum);
      information[i][i] += weight;
      if (k < size) information[i][k] -= weight;
    }
  const Matrix covariance = inverse(std::move(information));
  double mean = 0, mean_variance = 0;
  std::vector<double> with_mean(size);  // covariance of each with the mean of all
  for (size_t i = 0; i < size; ++i) {
    mean += std::log(strength[i]) / count;
    for (size_t k = 0; k < size; ++k) with_mean[i] += covariance[i][k] / count;
    mean_variance += with_mean[i] / count;
  }
  for (size_t i = 0; i < size; ++i) {
    // Of the difference to the mean: how strong all are together, nobody asked.
    const double variance = std::max(covariance[i][i] - 2 * with_mean[i] + mean_variance, 0.0);
    const double half = kNormal95 * std::sqrt(variance);
    strengths[i].value = std::log(strength[i]) - mean;
    strengths[i].low = strengths[i].value - half;
    strengths[i].high = strengths[i].value + half;
  }
  return strengths;
}

}  // namespace limner
