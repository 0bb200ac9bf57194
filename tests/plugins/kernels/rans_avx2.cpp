#include "plugins/simd/avx2.hpp"

#ifdef __AVX2__
#include "tests/plugins/kernels/rans_kernels.hpp"

const cinch::test::RansPath& cinch::test::rans_avx2() { return RansKernels<simd::Avx2>::path; }
#endif
