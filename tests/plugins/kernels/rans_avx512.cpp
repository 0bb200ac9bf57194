#include "plugins/simd/avx512.hpp"

#ifdef __AVX512VBMI2__
#include "tests/plugins/kernels/rans_kernels.hpp"

const cinch::test::RansPath& cinch::test::rans_avx512() { return RansKernels<simd::Avx512>::path; }
#endif
