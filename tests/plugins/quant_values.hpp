// Tensors to try quant with, and their way through one path of it.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "plugins/quant/block_decoder.hpp"
#include "plugins/quant/block_encoder.hpp"
#include "plugins/quant/planner.hpp"

namespace cinch::test {

using Bytes = std::vector<std::uint8_t>;

/// A shape as a plugin gets it.
cinch_shape_v1 shape_of(std::uint16_t dtype, std::vector<std::uint64_t> dims, std::uint8_t token_axis);

inline constexpr std::uint16_t all_float_dtypes[] = {CINCH_DTYPE_BF16, CINCH_DTYPE_F16, CINCH_DTYPE_F32,
                                                     CINCH_DTYPE_F8_E4M3, CINCH_DTYPE_F8_E5M2};

std::size_t element_bytes(std::uint16_t dtype);
float element_at(const Bytes& value, std::uint16_t dtype, std::size_t index);

/// Elements from a function of (plane, token, head, channel), rounded to the type.
using ValueFunction = std::function<float(std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t)>;
Bytes make_value(const cinch_shape_v1& shape, const ValueFunction& function);

/// Parameters from their text.
quant::Parameters parameters_of(std::string_view text);

/// Every path that this machine has.
std::vector<const quant::Kernels*> quant_paths();

/// One way through the codec: a plan and blocks of at most so many tokens (0: all planes in one).
struct Encoded {
  Bytes plan;
  std::vector<stream::SlicePart> parts;
  std::vector<Bytes> blocks;  // empty: declined
  std::size_t size() const;
  bool operator==(const Encoded& other) const { return plan == other.plan && blocks == other.blocks; }
};
Encoded encode(const quant::Kernels& kernels, std::string_view parameters, const cinch_shape_v1& shape,
               const Bytes& value, std::uint64_t block_tokens = 0);
/// What was declined comes back as it was.
Bytes decode(const quant::Kernels& kernels, std::string_view parameters, const cinch_shape_v1& shape,
             const Encoded& encoded, const Bytes& value);

/// The greatest relative RMS error of a row, over what is allowed for it. Rows of zeros must stay zeros, and rows with
/// values that are not finite must be unchanged; otherwise the result is 1e9.
double worst_row(const cinch_shape_v1& shape, const Bytes& value, const Bytes& decoded, double error,
                 std::uint64_t first = 4, double first_error = 0);

}  // namespace cinch::test
