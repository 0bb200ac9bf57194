/// An alphabet as the tables that kernels look up. Includes nothing of the C++ library: kernels are compiled for other
/// instruction sets, and the linker must not pick their copy of an inline function for everybody.
#pragma once

#include <cstdint>

namespace cinch::tensor {

struct Alphabet;

constexpr unsigned context_count = 8;
constexpr unsigned slots = 128;
constexpr unsigned step_count = 32;
constexpr unsigned max_frequency = 127;  // of the coder; without cells one slot is left over

/// An id is (context << 4) | symbol.
struct AlphabetTables {
  explicit AlphabetTables(const Alphabet&);

  /// Where an element is looked up.
  static constexpr unsigned key_of(unsigned context, unsigned turn, unsigned step) {
    return context / 4 * 256 + turn * 128 + context % 4 * step_count + step;
  }

  // Flags of `meaning`, beside the step: the element turns; its half or its turn is an extra bit.
  static constexpr std::uint8_t turned = 0x80, extra_half = 0x40, extra_turn = 0x20;

  /// By `key_of`: symbol | extra bits as above.
  alignas(64) std::uint8_t symbol[context_count * 64];
  // By id:
  alignas(64) std::uint8_t frequency[128];   ///< Slots of the symbol, 1 to 127; 0 for ids that do not exist.
  alignas(64) std::uint8_t first_slot[128];  ///< 255 for ids that do not exist.
  alignas(64) std::uint8_t reciprocal_low[128];
  alignas(64) std::uint8_t reciprocal_high[128];
  alignas(64) std::uint8_t meaning[128];
  /// [context][slot]: the id.
  alignas(64) std::uint8_t id_of_slot[context_count * slots];

  // The same for lookups by gathering. Like `symbol`, in four bytes: frequency | top bit when a half is extra; first
  // slot | top bit when a turn is extra; reciprocal.
  alignas(64) std::uint32_t encode[context_count * 64];
  // [context][slot]: frequency; slot - first slot; meaning; 255 for an escape.
  alignas(64) std::uint32_t decode[context_count * slots];

 private:
  void add_context(const Alphabet&, unsigned context);
};

}  // namespace cinch::tensor
