/// The measurements of `cinch demo`: one codec on one set of values, in memory and in RocksDB.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "options.hpp"
#include "session.hpp"
#include "workload.hpp"

namespace cinch::tool {

/// What a demo works on. A new process makes the same values again from `file`, or the documents where it is empty.
struct DemoData {
  std::string file;
  Workload values;
};

/// MB are 10^6 bytes of raw data.
struct DemoFigures {
  std::string codec;
  double ratio = 1;
  std::uint64_t fallen_back = 0;  ///< Values that another codec encoded.
  std::optional<LossReport> loss;
  double memory_set_mbps = 0;
  double memory_get_mbps = 0;

  struct OnDisk {
    double set_mbps = 0;
    double get_mbps = 0;
    std::uint64_t bytes = 0;
  };
  std::optional<OnDisk> rocksdb;
};

class DemoRuns {
 public:
  /// RocksDB stores are made below `directory`; empty: in memory alone.
  DemoRuns(const Options& options, StoreConfig config, CodecRegistry codecs, std::string directory)
      : options_(options), config_(std::move(config)), codecs_(std::move(codecs)), directory_(std::move(directory)) {}

  /// Sets and gets all values, comparing them bit for bit; those in RocksDB in a new process.
  Result<DemoFigures> run(const std::string& codec, const DemoData& data) const;

  /// The store that stays: the tensors under kv/, imported, and the documents under json/, read back as in `run`.
  Status fill(const std::string& path, const std::string& codec, const DemoData& tensors,
              const DemoData& documents) const;

 private:
  Status run_memory(const DemoData& data, DemoFigures& figures) const;
  Status run_rocksdb(const DemoData& data, DemoFigures& figures) const;
  Result<std::shared_ptr<CompressedKvStore>> open_rocksdb(const std::string& path, const std::string& codec) const;
  Result<double> read_back_mbps(const std::string& path, const std::string& prefix, const DemoData& data) const;

  const Options& options_;
  StoreConfig config_;
  CodecRegistry codecs_;
  std::string directory_;
};

}  // namespace cinch::tool
