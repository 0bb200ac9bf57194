/// What the crash test's writers do: operation `n` of a writer is a function of the two numbers, so that whoever knows
/// how many operations were acknowledged knows what the store has to hold.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cinch/kv_store.hpp"

namespace cinch::test {

inline constexpr unsigned crash_writers = 8;
inline constexpr unsigned writers_at_once = 4;  // the first four of them write bare values, the others compressed ones

/// Shared by the writing process and the one that kills it.
struct CrashProgress {
  std::atomic<std::uint32_t> is_open;  ///< The store is open, writers are at work.
  std::atomic<std::uint32_t> failed;   ///< An operation failed; `message` says how.
  char message[500];
  struct alignas(64) Writer {
    std::atomic<std::uint64_t> acknowledged;  ///< Operations before this one returned success.
  } writers[crash_writers];
};

struct CrashOperation {
  enum class Kind : std::uint8_t { set, remove, batch };
  Kind kind;
  std::vector<std::string> keys;  ///< One; eight for a batch, which are all of one group.
};

CrashOperation crash_operation(unsigned writer, std::uint64_t n);

/// What operation `n` writes under that key.
std::string crash_value(std::string_view key, std::uint64_t n);

std::string crash_prefix(unsigned writer);

Status run_crash_operation(KvStore& store, unsigned writer, std::uint64_t n);

/// What one writer's keys hold after its first operations: the number of the operation that set each.
class CrashModel {
 public:
  explicit CrashModel(unsigned writer) : writer_(writer) {}

  std::uint64_t operations() const noexcept { return operations_; }
  const std::map<std::string, std::uint64_t>& keys() const noexcept { return keys_; }
  void apply_next();

 private:
  unsigned writer_;
  std::uint64_t operations_ = 0;
  std::map<std::string, std::uint64_t> keys_;
};

/// Everything under that writer's prefix, read by scan and get. Errors: those of the store; `corruption` for a key that
/// scan gives and get does not.
Result<std::map<std::string, std::string>> read_content(KvStore& store, unsigned writer);

/// Whether that content is what the model tells of; `why` names the first difference.
bool matches(const std::map<std::string, std::string>& content, const CrashModel& model, std::string& why);

}  // namespace cinch::test
