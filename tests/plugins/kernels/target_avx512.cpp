#include "plugins/simd/avx512.hpp"

#ifdef __AVX512VBMI2__
#include "tests/plugins/kernels/target_kernels.hpp"

const cinch::test::TargetPath& cinch::test::avx512_path() { return TargetKernels<simd::Avx512>::path; }
#endif
