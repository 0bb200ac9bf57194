#include "plugins/quant/kernels.hpp"

namespace cinch::quant {

extern const Kernels scalar_kernels;
#if defined(__x86_64__)
extern const Kernels avx2_kernels;
extern const Kernels avx512_kernels;
#endif

const Kernels& kernels_of(simd::Target target) {
#if defined(__x86_64__)
  if (target == simd::Target::avx512) return avx512_kernels;
  if (target == simd::Target::avx2) return avx2_kernels;
#else
  (void)target;
#endif
  return scalar_kernels;
}

const Kernels& kernels() {
  static const Kernels& best = kernels_of(simd::best_target());
  return best;
}

}  // namespace cinch::quant
