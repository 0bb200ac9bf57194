/// The plan of a value: what its blocks share, as it is stored and as it is used. plugins/tensor/README.md has the
/// bytes.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "plugins/tensor/aligned.hpp"
#include "plugins/tensor/alphabet.hpp"
#include "plugins/tensor/geometry.hpp"
#include "plugins/tensor/kernels.hpp"
#include "plugins/tensor/rotation.hpp"
#include "plugins/tensor/rows.hpp"

namespace cinch::tensor {

constexpr std::size_t max_ropes = 16;  ///< Of a plan.

enum class PlaneKind : std::uint8_t { raw, constant, uniform, channels, rotary };

/// How a plane is coded, as it is stored.
struct PlaneModel {
  PlaneKind kind = PlaneKind::raw;
  std::uint8_t alphabet = 0;
  std::uint8_t rope = 0;             ///< rotary
  std::int16_t level = 0;            ///< uniform: log2 of the deviation, in eighths; else the least of the channels
  std::uint8_t word[4] = {};         ///< constant: the value of every element
  std::vector<std::uint8_t> levels;  ///< channels, rotary: log2 of a channel's deviation in eighths, above `level`
  std::vector<std::int8_t> means;    ///< and its mean, in eighths of that deviation

  // Rows that come more than once are stored here, and blocks hold their numbers.
  std::uint32_t row_count = 0;
  std::vector<std::uint8_t> coded_rows;  ///< a block of `row_count` tokens, never with `rotary`
};

struct StoredPlan {
  std::vector<Alphabet> alphabets;
  std::vector<Rope> ropes;
  std::vector<PlaneModel> planes;
};

std::vector<std::uint8_t> write_plan(const StoredPlan&, const Geometry&);
StoredPlan read_plan(std::span<const std::uint8_t> stored, const Geometry&);

/// A plane's model as the kernels take it.
struct PlaneState {
  PlaneState(const PlaneModel&, const std::vector<Rope>&, const Geometry&);

  PlaneKind kind;
  std::uint8_t alphabet;
  std::uint8_t rope;
  std::uint8_t word[4];
  std::size_t period = 0;  ///< Of the arrays below, which are 128 elements longer.
  Aligned<std::uint8_t> octaves;
  Aligned<std::uint8_t> halves;
  Aligned<std::uint8_t> contexts;  ///< not for rotary
  Means means;                     ///< rotary alone
  std::uint32_t row_count = 0;
  std::vector<std::uint8_t> rows;  ///< Decoded.

  /// Finds a row by its contents. Only encoders need it, so it is made on first use. [any-thread]
  const RowTable& row_table(std::size_t row_bytes) const;

 private:
  struct Lazy {
    std::once_flag once;
    std::optional<RowTable> table;
  };
  std::unique_ptr<Lazy> lazy_ = std::make_unique<Lazy>();
};

/// An opened plan; nothing that can be seen of it changes.
struct PlanState {
  /// Keeps a reference to the kernels.
  PlanState(StoredPlan, const Geometry&, const Kernels&);
  PlanState(const PlanState&) = delete;
  PlanState& operator=(const PlanState&) = delete;
  ~PlanState();

  /// Made when it is first asked for, so that a read of some planes does not pay for all. Throws `Failure` (CORRUPT)
  /// for damaged rows. [any-thread]
  const PlaneState& plane(std::uint64_t index) const;

  Geometry geometry;
  std::vector<AlphabetTables> alphabets;
  std::vector<Rope> ropes;
  std::vector<FineRotation> rotations;  ///< one for each rope

 private:
  const Kernels& kernels_;
  std::vector<PlaneModel> models_;
  std::unique_ptr<std::atomic<PlaneState*>[]> planes_;  // null: not asked for yet
};

/// The base, in half octaves of the layout's (shifted) exponents, of a channel whose deviation has logarithm
/// `level` / 8.
unsigned base_of(int level, Layout);

}  // namespace cinch::tensor
