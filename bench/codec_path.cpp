#include "bench/codec_path.hpp"

#include <blosc.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <optional>
#include <span>
#include <stdexcept>

#include "bench/blocked_value.hpp"
#include "cinch/compressed_kv_store.hpp"
#include "plugins/quant/block_decoder.hpp"
#include "plugins/quant/block_encoder.hpp"
#include "plugins/quant/planner.hpp"
#include "plugins/tensor/block.hpp"
#include "plugins/tensor/choose.hpp"

namespace cinch::bench {
namespace {

const std::uint8_t* raw(const Tensor& tensor) { return reinterpret_cast<const std::uint8_t*>(tensor.bytes.data()); }
std::span<const std::uint8_t> raw_bytes(const Tensor& tensor) { return {raw(tensor), tensor.bytes.size()}; }

cinch_shape_v1 abi_shape(const TensorShape& shape) {
  cinch_shape_v1 out{};
  out.struct_size = sizeof out;
  out.dtype = static_cast<std::uint16_t>(shape.dtype);
  out.ndim = shape.ndim;
  out.token_axis = shape.token_axis.value();
  out.elem_bits = element_bits(shape.dtype);
  std::copy(shape.dims.begin(), shape.dims.end(), out.dims);
  return out;
}

/// Tokens of a block, as the engine cuts a value of one plane.
struct Tokens {
  std::uint64_t first, count;
  std::size_t offset, bytes;
};

template <class Body>
void each_block(const Tensor& tensor, Body&& body) {
  const std::uint64_t tokens = tensor.shape.dims[0];
  const std::size_t token_bytes = tensor.bytes.size() / tokens;
  const std::uint64_t step = std::max<std::uint64_t>(default_block_bytes / token_bytes, 1);
  std::size_t number = 0;
  for (std::uint64_t first = 0; first < tokens; first += step) {
    const std::uint64_t count = std::min(step, tokens - first);
    body(number++, Tokens{first, count, first * token_bytes, count * token_bytes});
  }
}

/// Encodes block by block: `encode(from, to, which)` gives a length, or nothing.
template <class Encode>
void encode_blocks(const Tensor& tensor, std::size_t slack, EncodedTensor& to, Encode&& encode) {
  to.lengths.clear();
  each_block(tensor, [&](std::size_t i, const Tokens& which) {
    if (to.blocks.size() <= i) to.blocks.emplace_back();
    if (to.blocks[i].size() < which.bytes + slack) to.blocks[i].resize(which.bytes + slack);
    to.lengths.push_back(encode(raw_bytes(tensor).subspan(which.offset, which.bytes), to.blocks[i], which).value_or(0));
  });
}

template <class Decode>
void decode_blocks(const Tensor& tensor, const EncodedTensor& from, MutableBytes to, Decode&& decode) {
  each_block(tensor, [&](std::size_t i, const Tokens& which) {
    const std::span<std::uint8_t> block(reinterpret_cast<std::uint8_t*>(to.data()) + which.offset, which.bytes);
    if (from.lengths[i] == 0) {
      std::memcpy(block.data(), raw(tensor) + which.offset, which.bytes);
    } else {
      decode(std::span(from.blocks[i]).first(from.lengths[i]), block, which);
    }
  });
}

class TensorPath : public CodecPath {
 public:
  explicit TensorPath(simd::Target target)
      : kernels_(tensor::kernels_for(target)), chooser_(kernels_), encoder_(kernels_) {}

  void encode(const Tensor& tensor, EncodedTensor& to) override {
    const tensor::Geometry geometry = geometry_of(tensor);
    to.plan = write_plan(chooser_.choose(geometry, raw_bytes(tensor)), geometry);
    const tensor::PlanState plan(tensor::read_plan(to.plan, geometry), geometry, kernels_);
    encode_blocks(tensor, tensor::encoder_slack, to, [&](auto block, auto& out, const Tokens& which) {
      return encoder_.encode(plan, {0, 1, which.first, which.count}, block, out);
    });
  }
  void decode(const Tensor& tensor, const EncodedTensor& from, MutableBytes to) override {
    const tensor::Geometry geometry = geometry_of(tensor);
    const tensor::PlanState plan(tensor::read_plan(from.plan, geometry), geometry, kernels_);
    decode_blocks(tensor, from, to, [&](auto block, auto out, const Tokens& which) {
      decode_block(plan, {0, 1, which.first, which.count}, kernels_, block, out, contexts_);
    });
  }

 private:
  static tensor::Geometry geometry_of(const Tensor& tensor) {
    const cinch_shape_v1 shape = abi_shape(tensor.shape);
    return tensor::geometry_of(&shape, tensor.bytes.size()).value();
  }
  const tensor::Kernels& kernels_;
  tensor::PlanChooser chooser_;
  tensor::BlockEncoder encoder_;
  tensor::Aligned<std::uint8_t> contexts_;
};

class QuantPath : public CodecPath {
 public:
  QuantPath(simd::Target target, double error)
      : kernels_(quant::kernels_for(target)), parameters_(with_error(error)), planner_(parameters_, kernels_) {}

  void encode(const Tensor& tensor, EncodedTensor& to) override {
    const quant::Geometry geometry = geometry_of(tensor);
    to.plan.clear();
    planner_.plan(geometry, raw_bytes(tensor), parameters_.error).write(to.plan);
    const quant::Plan plan(parameters_, geometry, to.plan, kernels_);
    encode_blocks(tensor, quant::encoder_slack, to, [&](auto block, auto& out, const Tokens& which) {
      return encoder_.encode(plan, parameters_, {0, 1, which.first, which.count}, block, out);
    });
  }
  void decode(const Tensor& tensor, const EncodedTensor& from, MutableBytes to) override {
    const quant::Plan plan(parameters_, geometry_of(tensor), from.plan, kernels_);
    decode_blocks(tensor, from, to, [&](auto block, auto out, const Tokens& which) {
      decoder_.decode(plan, {0, 1, which.first, which.count}, block, out);
    });
  }
  double loss(const Tensor& tensor, ByteView decoded) const override {
    const quant::Geometry geometry = geometry_of(tensor);
    quant::Loss sums{};
    kernels_.measure(raw(tensor), reinterpret_cast<const std::uint8_t*>(decoded.data()),
                     decoded.size() / geometry.row_bytes(), geometry.dim, geometry.element, sums);
    return std::sqrt(sums.squared_error / sums.squared);
  }

 private:
  static quant::Geometry geometry_of(const Tensor& tensor) {
    const cinch_shape_v1 shape = abi_shape(tensor.shape);
    return quant::Geometry(&shape);
  }
  static quant::Parameters with_error(double error) {
    return quant::Parameters(plugin::Options(quant::Parameters::table, "error=" + std::to_string(error)));
  }
  const quant::Kernels& kernels_;
  const quant::Parameters parameters_;
  quant::Planner planner_;
  quant::BlockEncoder encoder_;
  quant::BlockDecoder decoder_;
};

/// One of the plain libraries, on the same blocks.
class LibraryPath : public CodecPath {
 public:
  explicit LibraryPath(const std::string& spec) : library_(make_library(spec)) {}

  void encode(const Tensor& tensor, EncodedTensor& to) override {
    const std::size_t slack = library_->bound(default_block_bytes) - default_block_bytes;
    encode_blocks(tensor, slack, to, [&](auto block, auto& out, const Tokens&) -> std::optional<std::size_t> {
      const std::size_t length = library_->compress(std::as_bytes(block), std::as_writable_bytes(std::span(out)));
      if (length == 0) throw std::runtime_error("the plain library did not encode");
      return length;
    });
  }
  void decode(const Tensor& tensor, const EncodedTensor& from, MutableBytes to) override {
    decode_blocks(tensor, from, to, [&](auto block, auto out, const Tokens&) {
      const std::size_t length = library_->decompress(std::as_bytes(block), std::as_writable_bytes(out));
      if (length != out.size()) throw std::runtime_error("the plain library did not decode");
    });
  }

 private:
  std::unique_ptr<tool::LibraryCodec> library_;
};

/// Cuts blocks of its own: a tensor is one block here.
class BloscPath : public CodecPath {
 public:
  void encode(const Tensor& tensor, EncodedTensor& to) override {
    to.blocks.resize(1);
    to.blocks[0].resize(tensor.bytes.size() + BLOSC_MAX_OVERHEAD);
    const int length = blosc_compress_ctx(3, BLOSC_BITSHUFFLE, 2, tensor.bytes.size(), tensor.bytes.data(),
                                          to.blocks[0].data(), to.blocks[0].size(), "zstd", 0, 1);
    if (length <= 0) throw std::runtime_error("c-blosc did not encode");
    to.lengths.assign(1, static_cast<std::size_t>(length));
  }
  void decode(const Tensor&, const EncodedTensor& from, MutableBytes to) override {
    const int length = blosc_decompress_ctx(from.blocks[0].data(), to.data(), to.size(), 1);
    if (length != static_cast<int>(to.size())) throw std::runtime_error("c-blosc did not decode");
  }
};

}  // namespace

std::size_t EncodedTensor::stored_bytes(const Tensor& tensor) const {
  const std::size_t stored = plan.size() + std::accumulate(lengths.begin(), lengths.end(), std::size_t{0});
  std::size_t declined = 0;
  each_block(tensor, [&](std::size_t i, const Tokens& which) {
    if (i < lengths.size() && lengths[i] == 0) declined += which.bytes;
  });
  return stored + declined;
}

double CodecPath::loss(const Tensor& tensor, ByteView decoded) const {
  return std::ranges::equal(decoded, tensor.bytes) ? 0 : std::numeric_limits<double>::infinity();
}

std::vector<PathMaker> codec_paths(double quant_error, bool few) {
  std::vector<simd::Target> targets;
  for (const simd::Target target : simd::all_targets) {
    if (simd::is_available(target) && (!few || target == simd::best_target())) targets.push_back(target);
  }
  std::vector<PathMaker> made;
  for (const simd::Target target : targets) {
    made.push_back(
        {std::string("tensor ") + simd::name_of(target), [target] { return std::make_unique<TensorPath>(target); }});
  }
  for (const simd::Target target : targets) {
    made.push_back({std::string("quant ") + simd::name_of(target),
                    [target, quant_error] { return std::make_unique<QuantPath>(target, quant_error); }, quant_error});
  }
  made.push_back({"liblz4", [] { return std::make_unique<LibraryPath>("lz4"); }});
  made.push_back({"libzstd level 3", [] { return std::make_unique<LibraryPath>("zstd:level=3"); }});
  made.push_back({"c-blosc bitshuffle and zstd", [] { return std::make_unique<BloscPath>(); }});
  return made;
}

}  // namespace cinch::bench
