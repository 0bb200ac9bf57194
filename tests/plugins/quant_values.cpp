#include "tests/plugins/quant_values.hpp"

#include <bit>
#include <cmath>
#include <cstring>

namespace cinch::test {
namespace {

struct Sizes {
  std::uint64_t planes = 1, tokens, heads = 1, dim;
  explicit Sizes(const cinch_shape_v1& shape) : tokens(shape.dims[shape.token_axis]), dim(shape.dims[shape.ndim - 1]) {
    for (unsigned i = 0; i < shape.token_axis; ++i) planes *= shape.dims[i];
    for (unsigned i = shape.token_axis + 1u; i + 1u < shape.ndim; ++i) heads *= shape.dims[i];
  }
};

void put_element(float value, std::uint16_t dtype, std::uint8_t* to) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  std::uint32_t raw = 0;
  switch (dtype) {
    case CINCH_DTYPE_BF16: raw = std::isnan(value) ? 0x7fc0 : (bits + 0x7fff + (bits >> 16 & 1)) >> 16; break;
    case CINCH_DTYPE_F16:
      raw = std::isnan(value) ? 0x7e00 : std::isinf(value) ? (value > 0 ? 0x7c00 : 0xfc00) : simd::Half::encode(value);
      break;
    case CINCH_DTYPE_F32: raw = bits; break;
    case CINCH_DTYPE_F8_E4M3: raw = std::isfinite(value) ? simd::E4m3::encode(value) : 0x7f; break;
    default: raw = std::isfinite(value) ? simd::E5m2::encode(value) : 0x7f; break;
  }
  std::memcpy(to, &raw, element_bytes(dtype));
}

}  // namespace

cinch_shape_v1 shape_of(std::uint16_t dtype, std::vector<std::uint64_t> dims, std::uint8_t token_axis) {
  cinch_shape_v1 shape{};
  shape.struct_size = sizeof shape;
  shape.dtype = dtype;
  shape.ndim = static_cast<std::uint8_t>(dims.size());
  shape.token_axis = token_axis;
  shape.elem_bits = static_cast<std::uint32_t>(8 * element_bytes(dtype));
  std::copy(dims.begin(), dims.end(), shape.dims);
  return shape;
}

std::size_t element_bytes(std::uint16_t dtype) {
  return dtype == CINCH_DTYPE_F32 ? 4 : dtype == CINCH_DTYPE_BF16 || dtype == CINCH_DTYPE_F16 ? 2 : 1;
}

float element_at(const Bytes& value, std::uint16_t dtype, std::size_t index) {
  std::uint32_t raw = 0;
  std::memcpy(&raw, &value[index * element_bytes(dtype)], element_bytes(dtype));
  switch (dtype) {
    case CINCH_DTYPE_BF16: return std::bit_cast<float>(raw << 16);
    case CINCH_DTYPE_F16: return simd::Half::decode(raw);
    case CINCH_DTYPE_F32: return std::bit_cast<float>(raw);
    case CINCH_DTYPE_F8_E4M3: return simd::E4m3::decode(raw);
    default: return simd::E5m2::decode(raw);
  }
}

Bytes make_value(const cinch_shape_v1& shape, const ValueFunction& function) {
  const Sizes sizes(shape);
  Bytes out(sizes.planes * sizes.tokens * sizes.heads * sizes.dim * element_bytes(shape.dtype));
  std::uint8_t* to = out.data();
  for (std::uint64_t plane = 0; plane < sizes.planes; ++plane) {
    for (std::uint64_t token = 0; token < sizes.tokens; ++token) {
      for (std::uint64_t head = 0; head < sizes.heads; ++head) {
        for (std::uint64_t channel = 0; channel < sizes.dim; ++channel, to += element_bytes(shape.dtype)) {
          put_element(function(plane, token, head, channel), shape.dtype, to);
        }
      }
    }
  }
  return out;
}

quant::Parameters parameters_of(std::string_view text) {
  return quant::Parameters(plugin::Options(quant::Parameters::table, text));
}

std::vector<const quant::Kernels*> quant_paths() {
  std::vector<const quant::Kernels*> out;
  for (const simd::Target target : simd::all_targets) {
    if (simd::is_available(target)) out.push_back(&quant::kernels_for(target));
  }
  return out;
}

std::size_t Encoded::size() const {
  std::size_t size = plan.size();
  for (const Bytes& block : blocks) size += block.size();
  return size;
}

Encoded encode(const quant::Kernels& kernels, std::string_view text, const cinch_shape_v1& shape, const Bytes& value,
               std::uint64_t block_tokens) {
  const quant::Parameters parameters = parameters_of(text);
  const quant::Geometry geometry(&shape);
  Encoded out;
  quant::Planner(parameters, kernels).plan(geometry, value, parameters.error).write(out.plan);
  EXPECT_LE(out.plan.size(), quant::plan_bound(geometry));
  const quant::Plan plan(parameters, geometry, out.plan, kernels);
  quant::BlockEncoder encoder;
  const std::uint64_t planes = block_tokens == 0 ? geometry.planes : 1;
  const std::uint64_t tokens = block_tokens == 0 ? geometry.tokens : block_tokens;
  for (std::uint64_t plane = 0; plane < geometry.planes; plane += planes) {
    for (std::uint64_t token = 0; token < geometry.tokens; token += tokens) {
      const stream::SlicePart part{plane, planes, token, std::min(tokens, geometry.tokens - token)};
      const std::size_t bytes = part.planes * part.tokens * geometry.token_bytes();
      Bytes to(bytes + quant::encoder_slack);
      const std::uint8_t* const from = &value[(plane * geometry.tokens + token) * geometry.token_bytes()];
      const auto length = encoder.encode(plan, parameters, part, {from, bytes}, to);
      to.resize(length.value_or(0));
      out.parts.push_back(part);
      out.blocks.push_back(to);
    }
  }
  return out;
}

Bytes decode(const quant::Kernels& kernels, std::string_view text, const cinch_shape_v1& shape, const Encoded& encoded,
             const Bytes& value) {
  const quant::Geometry geometry(&shape);
  const quant::Plan plan(parameters_of(text), geometry, encoded.plan, kernels);
  quant::BlockDecoder decoder;
  Bytes out;
  for (std::size_t i = 0; i < encoded.blocks.size(); ++i) {
    const stream::SlicePart& part = encoded.parts[i];
    const std::size_t bytes = part.planes * part.tokens * geometry.token_bytes(), begin = out.size();
    Bytes block(bytes);  // of its own, so that a sanitizer sees what is written beyond it
    if (encoded.blocks[i].empty()) {
      std::memcpy(block.data(), &value[begin], bytes);
    } else {
      decoder.decode(plan, part, encoded.blocks[i], block);
    }
    out.insert(out.end(), block.begin(), block.end());
  }
  return out;
}

double worst_row(const cinch_shape_v1& shape, const Bytes& value, const Bytes& decoded, double error,
                 std::uint64_t first, double first_error) {
  const Sizes sizes(shape);
  double worst = 0;
  for (std::uint64_t row = 0; row < sizes.planes * sizes.tokens * sizes.heads; ++row) {
    double squared_error = 0, squared = 0;
    bool is_finite = true;
    for (std::uint64_t c = 0; c < sizes.dim; ++c) {
      const double x = element_at(value, shape.dtype, row * sizes.dim + c);
      const double y = element_at(decoded, shape.dtype, row * sizes.dim + c);
      squared += x * x;
      squared_error += (y - x) * (y - x);
      is_finite = is_finite && std::isfinite(x);
    }
    const std::size_t bytes = sizes.dim * element_bytes(shape.dtype);
    if (!is_finite) {
      if (std::memcmp(&value[row * bytes], &decoded[row * bytes], bytes) != 0) return 1e9;
      continue;
    }
    const double allowed =
        row / sizes.heads % sizes.tokens < first ? (first_error > 0 ? first_error : error / 4) : error;
    const double relative = squared > 0 ? std::sqrt(squared_error / squared) : squared_error > 0 ? 1e9 : 0;
    worst = std::max(worst, std::isnan(relative) ? 1e9 : relative / allowed);
  }
  return worst;
}

}  // namespace cinch::test
