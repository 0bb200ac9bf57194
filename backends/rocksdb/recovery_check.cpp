#include "backends/rocksdb/recovery_check.hpp"

#include <utility>

#include "backends/rocksdb/log_check.hpp"
#include "backends/rocksdb/rocksdb_status.hpp"

namespace cinch {

using State = WatermarkRecord::State;
using rocksdb::WALRecoveryMode;

RecoveryCheck::RecoveryCheck(const RocksDbOptions& options, std::optional<WatermarkRecord> before)
    : options_(&options), before_(before) {}

Result<RecoveryCheck> RecoveryCheck::before_open(const RocksDbOptions& options) {
  const Result<WatermarkFound> watermark = read_watermark(options.path);
  if (!watermark) return watermark.error();
  if (watermark->is_damaged && !options.read_only) {  // with a writer it may have been read half-written
    log_database(LogLevel::warning, options.path, std::string(watermark_file) + " is damaged, and made anew");
  }
  RecoveryCheck check(options, watermark->record);
  if (!check.before_ || (check.before_->state != State::closed && check.before_->state != State::copied)) return check;
  const Fingerprint& expected = check.before_->fingerprint;
  const Result<DirectoryState> found = read_directory_state(options.path);
  // RocksDB refuses what cannot be read. Another manifest is that of an opening that did not finish or was not cinch's.
  if (!found || found->manifest_number != expected.manifest_number) return check;
  const bool is_unchanged = found->fingerprint() == expected;
  check.is_as_closed_ = check.before_->state == State::closed && is_unchanged;
  if (options.accept_loss) return check;
  bool has_all = found->contains(expected);
  if (is_unchanged) {  // otherwise the end of a later log may be torn
    const Result<bool> is_zeroed = has_zeroed_log(*options.env->GetFileSystem(), options.path);
    if (!is_zeroed) return is_zeroed.error();
    has_all = !*is_zeroed;
  }
  if (has_all) return check;
  return Status(StatusCode::corruption,
                std::string(found->manifest_hash != expected.manifest_hash ? "its manifest has" : "its logs have") +
                    " changed since it was " + (check.before_->state == State::closed ? "closed" : "copied") +
                    "; nothing was done to it. Put the files back from a copy, or open "
                    "what is left of it with accept_loss = true");
}

/// RocksDB's default silently drops everything after the damage.
WALRecoveryMode RecoveryCheck::log_mode() const noexcept {
  if (options_->accept_loss) return WALRecoveryMode::kPointInTimeRecovery;
  if (is_as_closed_) return WALRecoveryMode::kAbsoluteConsistency;
  // A crash may have cut off the last record of the log before it was acknowledged.
  return WALRecoveryMode::kTolerateCorruptedTailRecords;
}

bool RecoveryCheck::may_have_torn_log() const noexcept {
  return before_ && log_mode() == WALRecoveryMode::kTolerateCorruptedTailRecords;
}

std::uint64_t RecoveryCheck::missing(std::uint64_t sequence) const noexcept {
  return before_ && before_->sequence > sequence ? before_->sequence - sequence : 0;
}

WatermarkRecord RecoveryCheck::after_open(std::uint64_t sequence) const {
  WatermarkRecord record;
  record.state = options_->durability == Durability::orderly_close ? State::unlogged : State::logged;
  record.sequence = sequence;
  if (!before_) return record;
  if (before_->state == State::unlogged && !options_->read_only) {  // read-only, a writer may have it open
    log_database(LogLevel::warning, options_->path,
                 "was not closed after writes with durability = volatile; those that no flush followed may be lost");
  }
  record.lost_writes = before_->lost_writes + missing(sequence);
  if (record.lost_writes == 0) return record;
  const std::string lost = std::to_string(record.lost_writes) + " acknowledged writes are lost, " +
                           std::to_string(missing(sequence)) + " of them since the last opening";
  if (options_->accept_loss && !options_->read_only) {
    log_database(LogLevel::warning, options_->path, lost + "; accepted");
    record.lost_writes = 0;
  } else {
    log_database(LogLevel::error, options_->path,
                 lost + "; opening it once to write, with accept_loss = true, ends this message");
  }
  return record;
}

}  // namespace cinch
