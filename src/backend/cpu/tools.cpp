#include "backend/cpu/tools.h"

#include <omp.h>

namespace limner::cpu {

ThreadScope::ThreadScope(int threads) : before_(omp_get_max_threads()) { omp_set_num_threads(threads); }
ThreadScope::~ThreadScope() { omp_set_num_threads(before_); }

}  // namespace limner::cpu
