#include "backends/rocksdb/log_gaps.hpp"

#include <rocksdb/write_batch.h>

#include <cstring>

namespace cinch {

rocksdb::WalFilter::WalProcessingOption LogGaps::LogRecordFound(unsigned long long, const std::string&,
                                                                const rocksdb::WriteBatch& batch, rocksdb::WriteBatch*,
                                                                bool*) {
  // A batch begins with the number of its first write; the others have those that follow.
  std::uint64_t sequence = 0;
  std::memcpy(&sequence, batch.Data().data(), sizeof sequence);
  if (next_sequence_ && sequence > *next_sequence_) return WalProcessingOption::kCorruptedRecord;
  next_sequence_ = sequence + batch.Count();
  return WalProcessingOption::kContinueProcessing;
}

}  // namespace cinch
