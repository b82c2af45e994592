#pragma once
// NumPy's way of turning one seed into the seeds of a whole family of generators.

#include <cstdint>
#include <span>

namespace limner {

/// The first word of numpy.random.SeedSequence(entropy, spawn_key=spawn_key, pool_size=24).generate_state(n).
/// The same words on any machine. An empty `spawn_key` names the sequence itself, another one a descendant.
/// Source: NumPy's SeedSequence, after O'Neill 2015, "Developing a seed_seq Alternative".
uint32_t seed_sequence_word(uint64_t entropy, std::span<const uint64_t> spawn_key);

}  // namespace limner
