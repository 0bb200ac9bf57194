#include "plugins/quant/plan.hpp"

#include <algorithm>
#include <bit>

#include "plugins/quant/steps.hpp"

namespace cinch::quant {
namespace {

using stream::append;
using stream::ByteReader;

[[noreturn]] void corrupt(const char* what) {
  throw plugin::Failure(CINCH_CORRUPT, std::string("plan of quant: ") + what);
}

/// Two bits for each channel, its group.
void put_groups(const Chunk& chunk, std::vector<std::uint8_t>& out) {
  std::uint8_t bits[chunk_channels / 4] = {};
  for (unsigned lane = 0; lane < chunk.channels; ++lane) {
    const unsigned channel = chunk.channel_of_lane[lane], group = lane / group_channels;
    bits[channel / 4] = static_cast<std::uint8_t>(bits[channel / 4] | group << (channel % 4 * 2));
  }
  out.insert(out.end(), bits, bits + (chunk.channels + 3) / 4);
}

}  // namespace

std::vector<rotary::Turn> RopeScheme::turns(const Parameters& parameters) const {
  if (base > 0) return rotary::turns_of(base, rotary_dim);
  std::vector<rotary::Turn> out;
  for (const double radians : parameters.inverse_frequencies) out.push_back(rotary::turn_of_radians(radians));
  return out;
}

void put_as_held(const simd::RegisterOrder& order, float* floats, std::size_t count) {
  if (std::ranges::equal(order.at, simd::ascending.at)) return;
  for (float* const end = floats + count; floats != end; floats += 16) {
    float held[16];
    for (unsigned i = 0; i < 16; ++i) held[i] = floats[order.at[i]];
    std::copy_n(held, 16, floats);
  }
}

void turn(const rotary::Rotation& rotation, const float* partner, Head& head) {
  head.partner = partner;
  head.waves = rotation.cosines(0);
  head.turns = rotation.channel_turns();
  head.period = rotation.period();
  head.is_folded = rotation.is_folded() && rotation.period() == folded_period;
}

std::uint64_t plan_bound(const Geometry& geometry) {
  const std::uint64_t head = 4 + 2 * geometry.dim + chunks_of(geometry.dim) * std::uint64_t{4 + chunk_channels / 4};
  return 13 + max_schemes * 11 + geometry.planes * geometry.heads * head;
}

void PlanParts::write(std::vector<std::uint8_t>& out) const {
  append(out, error);
  append(out, first_error);
  append(out, planes_per_profile);
  append(out, static_cast<std::uint8_t>(schemes.size()));
  for (const RopeScheme& scheme : schemes) {
    append(out, static_cast<std::uint8_t>(scheme.pairing));
    append(out, scheme.base);
    append(out, scheme.rotary_dim);
  }
  for (const HeadParts& head : heads) {
    append(out, head.mean_kind);
    append(out, head.step_code);
    append(out, head.step_class);
    for (const std::uint16_t mean : head.mean) append(out, mean);
    for (const Chunk& chunk : head.chunks) {
      out.insert(out.end(), chunk.group_class, chunk.group_class + chunk.groups);
      put_groups(chunk, out);
    }
  }
}

Plan::Plan(const Parameters& parameters, const Geometry& geometry, std::span<const std::uint8_t> stored,
           const Kernels& kernels)
    : kernels_(kernels), geometry_(geometry) {
  ByteReader reader(stored);
  error_ = reader.take<float>();
  first_error_ = reader.take<float>();
  if (!(error_ > 0 && error_ < 1 && first_error_ > 0 && first_error_ < 1)) corrupt("an error beyond its range");
  planes_per_profile_ = reader.take<std::uint32_t>();
  if (planes_per_profile_ == 0) corrupt("profiles of no plane");
  const std::size_t schemes = reader.take<std::uint8_t>();
  if (schemes > max_schemes) corrupt("too many ways of turning");
  rotations_.reserve(schemes);
  for (std::size_t i = 0; i < schemes; ++i) read_scheme(reader, parameters);
  const std::uint64_t profiles = geometry.planes / planes_per_profile_ + (geometry.planes % planes_per_profile_ != 0);
  // A head takes 5 bytes at least: what follows cannot allocate more than a corrupt length pays for.
  if (profiles > reader.rest().size() / 5 || profiles * geometry.heads > reader.rest().size() / 5)
    corrupt("it ends too early");
  const std::uint64_t count = profiles * geometry.heads;
  const std::size_t channels = padded_dim(geometry.dim), chunks = chunks_of(geometry.dim);
  heads_.resize(count);
  means_.resize(count * 2 * channels);
  chunks_.resize(count * chunks);
  for (std::size_t i = 0; i < count; ++i) read_head(reader, heads_[i], &means_[i * 2 * channels], &chunks_[i * chunks]);
  if (!reader.rest().empty()) corrupt("bytes behind its end");
}

Block Plan::block(const stream::SlicePart& part, std::vector<const Head*>& plane_heads) const {
  plane_heads.clear();
  for (std::uint64_t i = 0; i < part.planes; ++i) plane_heads.push_back(heads_of(part.first_plane + i));
  return {part.planes, part.tokens, part.first_token, geometry_.heads, geometry_.dim, plane_heads.data()};
}

void Plan::read_scheme(ByteReader& reader, const Parameters& parameters) {
  RopeScheme scheme;
  const auto pairing = reader.take<std::uint8_t>();
  scheme.base = reader.take<double>();
  scheme.rotary_dim = reader.take<std::uint16_t>();
  if (pairing != 1 && pairing != 2) corrupt("an unknown pairing");
  scheme.pairing = static_cast<rotary::Pairing>(pairing);
  if (scheme.rotary_dim < 2 || scheme.rotary_dim > geometry_.dim || scheme.rotary_dim % 2 != 0) {
    corrupt("a rotary dimension beyond the head's");
  }
  if (scheme.base != 0 && !(scheme.base >= 2 && scheme.base <= 1e12)) corrupt("an impossible base");
  if (scheme.base == 0 && parameters.inverse_frequencies.size() * 2 != scheme.rotary_dim) {
    corrupt("frequencies that the parameters do not have");
  }
  rotations_.emplace_back(scheme.pairing, scheme.turns(parameters), geometry_.dim, kernels_.wave_maker());
}

void Plan::read_head(ByteReader& reader, Head& head, float* means, Chunk* chunks) {
  const auto kind = reader.take<std::uint8_t>();
  head.step_code = reader.take<std::int16_t>();
  head.step_class = reader.take<std::uint8_t>();
  if (head.step_class >= plain_class_count) corrupt("an unknown class of steps");
  if (head.step_code < -max_step_code || head.step_code > max_step_code) corrupt("a step beyond its range");
  head.mean = means;
  head.chunks = chunks;
  read_mean(reader, kind, head, means);
  if (kind != no_mean) put_as_held(kernels_.register_order, means, std::size_t{2} * padded_dim(geometry_.dim));
  for (unsigned c = 0; c < chunks_of(geometry_.dim); ++c) {
    read_chunk(reader, std::min(geometry_.dim - c * chunk_channels, chunk_channels), chunks[c]);
  }
}

void Plan::read_mean(ByteReader& reader, std::uint8_t kind, Head& head, float* means) {
  if (kind == no_mean) return;
  const std::span<const std::uint8_t> stored = reader.take(geometry_.dim * std::size_t{2});
  for (std::uint32_t c = 0; c < geometry_.dim; ++c) {
    means[c] = std::bit_cast<float>(static_cast<std::uint32_t>(stored[2 * c] << 16 | stored[2 * c + 1] << 24));
    if (!(means[c] > -1e30f && means[c] < 1e30f)) corrupt("a mean beyond its range");
    head.mean_square += means[c] * means[c];
  }
  if (kind == still_mean) return;
  const std::size_t scheme = kind - first_turning_mean;
  if (scheme >= rotations_.size()) corrupt("an unknown way of turning");
  const rotary::Rotation& rotation = rotations_[scheme];
  float* const partners = means + padded_dim(geometry_.dim);
  for (std::uint32_t c = 0; c < geometry_.dim; ++c) partners[c] = rotation.partner_of({means, geometry_.dim}, c);
  turn(rotation, partners, head);
}

void Plan::read_chunk(ByteReader& reader, std::uint32_t channels, Chunk& chunk) {
  chunk.channels = static_cast<std::uint8_t>(channels);
  chunk.groups = static_cast<std::uint8_t>((channels + group_channels - 1) / group_channels);
  for (unsigned g = 0; g < chunk.groups; ++g) {
    chunk.group_class[g] = reader.take<std::uint8_t>();
    if (chunk.group_class[g] >= class_count) corrupt("an unknown class");
    if (g > 0 && chunk.group_class[g] < chunk.group_class[g - 1]) corrupt("classes out of order");
  }
  const std::span<const std::uint8_t> groups = reader.take((channels + 3) / 4);
  unsigned lanes[4] = {};
  for (unsigned c = 0; c < channels; ++c) {
    const unsigned group = groups[c / 4] >> (c % 4 * 2) & 3;
    if (group >= chunk.groups || lanes[group] >= chunk.width_of(group)) corrupt("a group of too many channels");
    chunk.channel_of_lane[group * group_channels + lanes[group]++] = static_cast<std::uint8_t>(c);
  }
  for (unsigned lane = channels; lane < chunk_channels; ++lane) {
    chunk.channel_of_lane[lane] = static_cast<std::uint8_t>(lane);
  }
}

}  // namespace cinch::quant
