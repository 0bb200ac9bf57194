#include "plugins/simd/avx2.hpp"

#ifdef __AVX2__
#include "tests/plugins/kernels/target_kernels.hpp"

const cinch::test::TargetPath& cinch::test::avx2_path() { return TargetKernels<simd::Avx2>::path; }
#endif
