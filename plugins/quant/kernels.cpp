#include "plugins/quant/kernels.hpp"

namespace cinch::quant {

const Kernels& kernels_for(simd::Target target) noexcept {
#if defined(__x86_64__)
  if (target == simd::Target::avx512) return avx512_kernels;
  if (target == simd::Target::avx2) return avx2_kernels;
#endif
  (void)target;
  return scalar_kernels;
}

const Kernels& best_kernels() noexcept {
  static const Kernels& best = kernels_for(simd::best_target());
  return best;
}

}  // namespace cinch::quant
