#pragma once
// How strong each of several is, from who was preferred to whom.

#include <string>
#include <vector>

namespace limner {

/// One comparison: indices of two that were compared, and how much of a win it was for the first: 1, 0, or
/// 0.5 for a tie.
struct Comparison {
  int first = 0, second = 0;
  double outcome = 0.5;
};

struct Strength {
  double value = 0;  ///< logarithm; the mean of all is 0. A difference of 1 is preferred 73 % of the time
  double low = 0, high = 0;  ///< its 95 % interval
  int compared = 0;          ///< how often
};

/// Bradley and Terry 1952, "Rank analysis of incomplete block designs", by the iterations of Hunter 2004, "MM
/// algorithms for generalized Bradley-Terry models"; ties are half a win for each (Davidson's model is not
/// needed for a ranking). Everybody has tied once with an average one besides, so that who always won has a
/// finite strength. Intervals are from the inverse of the Fisher information. `count` is 2 to 100.
std::vector<Strength> bradley_terry(int count, const std::vector<Comparison>& comparisons);

}  // namespace limner
