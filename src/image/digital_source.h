#pragma once
// IPTC's words for how a picture came to be (cv.iptc.org/newscodes/digitalsourcetype).

#include <string_view>

namespace limner {

inline constexpr std::string_view kTrainedAlgorithmicMedia =
    "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia";
inline constexpr std::string_view kCompositeWithTrainedAlgorithmicMedia =
    "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia";

}  // namespace limner
