/// The instruction sets that kernels are built for, and which of them this machine has.
///
/// What: kernels are templates over a target, a struct of vector operations (`Scalar`, `Avx2`, `Avx512` in the headers
/// beside this one), and are instantiated in one source per target, compiled for that target alone. All targets have
/// the same logical vectors: 64 bytes, 64 words of 16 bits, 16 floats; so one kernel makes the same bytes on each of
/// them. Threads: everything here is a pure function. A source that is compiled for one target must not emit a function
/// of the standard library: the linker may keep that copy for everybody.
#pragma once

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

/// For the parts of kernels: calling one would take longer than what it does.
#define CINCH_ALWAYS_INLINE inline __attribute__((always_inline))
/// The same for a target's vector operations, its static members.
#define CINCH_OPERATION __attribute__((always_inline)) static inline

namespace cinch::simd {

enum class Target : std::uint8_t { scalar, avx2, avx512 };

/// How a target's registers hold 16 floats: the i-th place has number `at[i]`.
struct RegisterOrder {
  std::uint8_t at[16];
};
inline constexpr RegisterOrder ascending{{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}};

/// 1.5 * 2^23: a float of that size counts whole numbers, so that adding this to a number rounds it, halves to even,
/// and leaves the integer in the low bits of the sum.
inline constexpr float round_magic = 0x1.8p23f;

/// The nearest integer, halves to even. Requires: below 2^22.
CINCH_ALWAYS_INLINE int round_to_int(float value) noexcept {
  return static_cast<int>(std::bit_cast<std::uint32_t>(value + round_magic) -
                          std::bit_cast<std::uint32_t>(round_magic));
}

inline constexpr std::array all_targets{Target::scalar, Target::avx2, Target::avx512};

constexpr const char* name_of(Target target) noexcept {
  constexpr std::array names{"scalar", "avx2", "avx512"};
  return names[static_cast<std::size_t>(target)];
}

#if defined(__x86_64__)
/// Clang 14's __builtin_cpu_supports lacks F16C, which needs the same support by the operating system as AVX2.
inline bool has_f16c() noexcept {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx >> 29 & 1) != 0;
}
#endif

/// Whether kernels for `target` are built for this architecture and this machine has all instructions they use.
inline bool is_available(Target target) noexcept {
#if defined(__x86_64__)
  const auto has_avx2 = [] {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c() &&
           __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
  };
  switch (target) {
    case Target::scalar: return true;
    case Target::avx2: return has_avx2();
    case Target::avx512:
      return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
             __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2");
  }
  return false;
#else
  return target == Target::scalar;
#endif
}

inline Target best_target() noexcept {
  if (is_available(Target::avx512)) return Target::avx512;
  return is_available(Target::avx2) ? Target::avx2 : Target::scalar;
}

}  // namespace cinch::simd
