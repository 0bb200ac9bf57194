// tensor and quant on every instruction set of the machine, without their plugins: they encode alike, and of bytes that
// somebody changed they make the same, or refuse them together. The targets of codecs try the best one alone.
#include <memory>
#include <optional>
#include <span>

#include "plugins/quant/block_decoder.hpp"
#include "plugins/quant/block_encoder.hpp"
#include "plugins/quant/planner.hpp"
#include "plugins/tensor/block.hpp"
#include "plugins/tensor/choose.hpp"
#include "tests/fuzz/fuzz_input.hpp"

namespace cinch {
namespace {

using fuzz::Input;
using Bytes = std::vector<std::uint8_t>;

constexpr std::uint64_t max_bytes = 1 << 14;

/// Some tokens of one plane of a value, or all of it.
struct Part {
  std::uint64_t first_plane, planes, first_token, tokens;
  std::size_t offset, bytes;
};

struct Coded {
  Bytes plan;
  std::optional<Bytes> block;  // none: declined
  bool operator==(const Coded&) const = default;
};

class Path {
 public:
  virtual ~Path() = default;
  virtual Coded encode(std::span<const std::uint8_t> value, const Part& part) = 0;
  /// Throws `Failure`.
  virtual Bytes decode(const Bytes& plan, const Bytes& block, const Part& part) = 0;
};

class TensorPath : public Path {
 public:
  TensorPath(simd::Target target, const tensor::Geometry& form) : kernels_(tensor::kernels_for(target)), form_(form) {}

  Coded encode(std::span<const std::uint8_t> value, const Part& part) override {
    Coded made{tensor::write_plan(tensor::PlanChooser(kernels_).choose(form_, value), form_), {}};
    const tensor::PlanState plan(tensor::read_plan(made.plan, form_), form_, kernels_);
    Bytes to(part.bytes + tensor::encoder_slack);
    const auto length =
        tensor::BlockEncoder(kernels_).encode(plan, of(part), value.subspan(part.offset, part.bytes), to);
    if (length) made.block = Bytes(to.data(), to.data() + *length);
    return made;
  }
  Bytes decode(const Bytes& stored, const Bytes& block, const Part& part) override {
    const tensor::PlanState plan(tensor::read_plan(stored, form_), form_, kernels_);
    Bytes to(part.bytes);
    tensor::Aligned<std::uint8_t> contexts;
    decode_block(plan, of(part), kernels_, block, to, contexts);
    return to;
  }

 private:
  static stream::SlicePart of(const Part& part) {
    return {part.first_plane, part.planes, part.first_token, part.tokens};
  }
  const tensor::Kernels& kernels_;
  const tensor::Geometry form_;
};

class QuantPath : public Path {
 public:
  QuantPath(simd::Target target, const quant::Parameters& parameters, const quant::Geometry& geometry)
      : kernels_(quant::kernels_for(target)), parameters_(parameters), geometry_(geometry) {}

  Coded encode(std::span<const std::uint8_t> value, const Part& part) override {
    Coded made;
    quant::Planner(parameters_, kernels_).plan(geometry_, value, parameters_.error).write(made.plan);
    const quant::Plan plan(parameters_, geometry_, made.plan, kernels_);
    Bytes to(part.bytes + 512);
    const auto length =
        quant::BlockEncoder().encode(plan, parameters_, of(part), value.subspan(part.offset, part.bytes), to);
    if (length) made.block = Bytes(to.data(), to.data() + *length);
    return made;
  }
  Bytes decode(const Bytes& stored, const Bytes& block, const Part& part) override {
    const quant::Plan plan(parameters_, geometry_, stored, kernels_);
    Bytes to(part.bytes);
    quant::BlockDecoder().decode(plan, of(part), block, to);
    return to;
  }

 private:
  static stream::SlicePart of(const Part& part) {
    return {part.first_plane, part.planes, part.first_token, part.tokens};
  }
  const quant::Kernels& kernels_;
  const quant::Parameters& parameters_;
  const quant::Geometry geometry_;
};

struct Form {
  cinch_shape_v1 shape{};  // [planes, tokens, heads, head_dim]
  std::uint64_t token_bytes = 0, bytes = 0;
};

Form form_from(Input& input) {
  constexpr std::uint16_t dtypes[] = {CINCH_DTYPE_BF16, CINCH_DTYPE_F16, CINCH_DTYPE_F32, CINCH_DTYPE_F8_E4M3,
                                      CINCH_DTYPE_F8_E5M2};
  constexpr std::uint32_t bits[] = {16, 16, 32, 8, 8};
  const std::size_t kind = input.byte() % std::size(dtypes);
  Form made;
  made.shape.struct_size = sizeof made.shape;
  made.shape.dtype = dtypes[kind];
  made.shape.elem_bits = bits[kind];
  made.shape.ndim = 4;
  made.shape.token_axis = 1;
  made.shape.dims[0] = 1 + input.byte() % 3;
  made.shape.dims[1] = 1 + input.byte();
  made.shape.dims[2] = 1 + input.byte() % 4;
  made.shape.dims[3] = 1 + input.byte();
  made.token_bytes = made.shape.dims[2] * made.shape.dims[3] * bits[kind] / 8;
  made.bytes = made.shape.dims[0] * made.shape.dims[1] * made.token_bytes;
  return made;
}

Part part_from(Input& input, const Form& form) {
  const std::uint64_t planes = form.shape.dims[0], tokens = form.shape.dims[1];
  if (input.flag()) return {0, planes, 0, tokens, 0, form.bytes};
  const std::uint64_t plane = input.byte() % planes, first = input.byte() % tokens;
  const std::uint64_t count = 1 + input.byte() % (tokens - first);
  return {plane, 1, first, count, (plane * tokens + first) * form.token_bytes, count * form.token_bytes};
}

/// The input's bytes again and again, or numbers of usual sizes that follow from them.
Bytes value_from(Input& input, const Form& form) {
  const bool is_usual = input.flag();
  const ByteView pattern = input.bytes(input.byte());
  std::uint64_t state = 1 + pattern.size();
  for (const std::byte byte : pattern) state = state * 257 + static_cast<std::uint8_t>(byte);
  Bytes value(form.bytes);
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (!is_usual) {
      value[i] = pattern.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(pattern[i % pattern.size()]);
      continue;
    }
    state = state * 6364136223846793005u + 1442695040888963407u;
    const auto random = static_cast<std::uint32_t>(state >> 32);
    const bool is_top = i % (form.shape.elem_bits / 8) == form.shape.elem_bits / 8 - 1;
    value[i] = static_cast<std::uint8_t>(is_top ? (0x3c + random % 7) | (random >> 8 & 0x80) : random);
  }
  return value;
}

/// One for each instruction set, the scalar one first; none for what the codec does not take.
std::vector<std::unique_ptr<Path>> paths_for(Input& input, const Form& form, const quant::Parameters& parameters) {
  const bool is_tensor = input.flag();
  std::vector<std::unique_ptr<Path>> paths;
  try {
    for (const simd::Target target : simd::all_targets) {
      if (!simd::is_available(target)) continue;
      if (is_tensor) {
        paths.push_back(std::make_unique<TensorPath>(target, *tensor::geometry_of(&form.shape, form.bytes)));
      } else {
        paths.push_back(std::make_unique<QuantPath>(target, parameters, quant::Geometry(&form.shape)));
      }
    }
  } catch (const plugin::Failure&) {
    paths.clear();
  }
  return paths;
}

quant::Parameters parameters_from(Input& input) {
  constexpr std::string_view texts[] = {"", "error=0.01,first=0", "error=0.9", "rope=none,error=0.3",
                                        "rope=interleaved,theta=500,rotary_dim=20"};
  return quant::Parameters(plugin::Options(quant::Parameters::table, texts[input.byte() % std::size(texts)]));
}

/// Changes bytes of the plan or of the block, or cuts them off.
void damage(Input& input, Coded& coded) {
  for (ByteView edit = input.bytes(4); edit.size() == 4; edit = input.bytes(4)) {
    const auto number = [&](std::size_t i) { return static_cast<unsigned>(edit[i]); };
    Bytes& which = number(0) % 2 == 0 ? coded.plan : *coded.block;
    if (which.empty()) continue;
    const std::size_t at = (number(1) | number(2) << 8) % which.size();
    if (number(0) % 16 >= 14) {
      which.resize(at);
    } else {
      which[at] = static_cast<std::uint8_t>(number(3));
    }
  }
  coded.plan.shrink_to_fit();  // so that AddressSanitizer sees what reads beyond them
  coded.block->shrink_to_fit();
}

std::optional<Bytes> decoded(Path& path, const Coded& coded, const Part& part) {
  try {
    return path.decode(coded.plan, *coded.block, part);
  } catch (const plugin::Failure& failure) {
    fuzz::require(failure.code() == CINCH_CORRUPT || failure.code() == CINCH_INVALID_ARG, failure.what());
    return std::nullopt;
  }
}

}  // namespace
}  // namespace cinch

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cinch;
  Input input(data, size);
  const Form form = form_from(input);
  if (form.bytes > max_bytes) return 0;
  const Part part = part_from(input, form);
  const Bytes value = value_from(input, form);
  const quant::Parameters parameters = parameters_from(input);
  const std::vector<std::unique_ptr<Path>> paths = paths_for(input, form, parameters);
  if (paths.empty()) return 0;
  const std::span others = std::span(paths).subspan(1);
  Coded coded;
  try {
    coded = paths[0]->encode(value, part);
    for (const auto& path : others) fuzz::require(path->encode(value, part) == coded, "encodings differ");
  } catch (const plugin::Failure& failure) {
    fuzz::require(failure.code() == CINCH_INVALID_ARG, failure.what());  // rotary_dim beyond the head
    return 0;
  }
  if (!coded.block) return 0;
  damage(input, coded);
  const std::optional<Bytes> expected = decoded(*paths[0], coded, part);
  for (const auto& path : others) fuzz::require(decoded(*path, coded, part) == expected, "decoded bytes differ");
  return 0;
}
