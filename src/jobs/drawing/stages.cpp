#include "jobs/drawing/stages.h"

namespace limner::drawing {
namespace {

constexpr PictureStage kStages[] = {
    {"finish", JobState::finishing, encode_file},
    {"check", JobState::checking, check_picture},
    {"keep", JobState::checking, keep_file},
};

}  // namespace

std::span<const PictureStage> picture_stages() { return kStages; }

}  // namespace limner::drawing
