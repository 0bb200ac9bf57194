#include "plugins/quant/block_decoder.hpp"

#include <string>

namespace cinch::quant {
namespace {

[[noreturn]] void corrupt(const char* what) {
  throw plugin::Failure(CINCH_CORRUPT, std::string("block of quant: ") + what);
}

/// Takes a number off the front; at most `most`.
std::size_t take_number(std::span<const std::uint8_t>& from, std::uint64_t most) {
  std::uint64_t number = 0;
  for (unsigned shift = 0; shift < 63 && !from.empty(); shift += 7) {
    const std::uint8_t byte = from[0];
    from = from.subspan(1);
    number |= std::uint64_t{byte & 127u} << shift;
    if (byte < 128) {
      if (number > most) break;
      return static_cast<std::size_t>(number);
    }
  }
  corrupt("a length beyond its end");
}

std::size_t states_bytes(std::uint64_t values) {
  return values < two_set_values ? rans::StoredStates<1>::bytes : rans::StoredStates<2>::bytes;
}

}  // namespace

void BlockDecoder::decode(const Plan& plan, const stream::SlicePart& part, std::span<const std::uint8_t> from,
                          std::span<std::uint8_t> to) {
  const Geometry& geometry = plan.geometry();
  if (to.empty()) {
    if (!from.empty()) corrupt("bytes that stand for nothing");
    return;
  }
  const Block block = plan.block(part, plane_heads_);
  const std::size_t states = states_bytes(block.values());
  const std::size_t escapes = take_number(from, from.size());
  const std::size_t wides = 2 * take_number(from, from.size());
  const std::size_t raws = take_number(from, from.size());
  const std::size_t lows = take_number(from, from.size());
  if (escapes + wides + raws + lows + states > from.size()) corrupt("parts beyond its end");
  Stored stored{};
  stored.escapes = from.data();
  stored.wides = stored.escapes + escapes;
  stored.raws = stored.wides + wides;
  stored.lows = stored.raws + raws;
  stored.stream = stored.lows + lows;
  stored.states = from.data() + (from.size() - states);
  stored.scratch = scratch_.room(plan.kernels().scratch_bytes(block.heads, block.dim));
  if (!plan.kernels().decode(block, geometry.element, stored, to.data())) corrupt("not what an encoder makes");
}

}  // namespace cinch::quant
