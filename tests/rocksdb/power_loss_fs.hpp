/// A file system that remembers what a power loss at a given moment leaves: an arbitrary subset of the unsynced blocks,
/// and of the names created, renamed or removed since their directory was synced.
///
/// All calls but syncs reach the real file system at once, so that a store can be closed normally after the cut; syncs
/// only count here.
#pragma once

#include <rocksdb/file_system.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace cinch::test {

/// What happened to the bytes of a file.
struct LosableFile {
  struct Write {
    std::uint64_t offset;
    std::string bytes;
  };
  std::string synced;
  std::vector<Write> unsynced;
};

class PowerLossFs final : public rocksdb::FileSystemWrapper {
 public:
  using Image = std::map<std::string, std::string>;  // what each file of the directory holds

  /// What is in `directory` now counts as durable. The power fails before operation number `cut_at`, counted from 1, or
  /// else in `image`; `on_cut` is called then.
  PowerLossFs(std::string directory, std::uint64_t cut_at, std::uint64_t seed, std::function<void()> on_cut);

  const char* Name() const override { return "PowerLossFs"; }

  bool is_cut() const;
  std::uint64_t operations() const;

  /// What the power loss left. If the power has not failed yet, it fails now.
  Image image();

  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* made,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus ReopenWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                       std::unique_ptr<rocksdb::FSWritableFile>* made,
                                       rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewRandomRWFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSRandomRWFile>* made,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewDirectory(const std::string& path, const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* made, rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;

  // For its files.
  void note_write(LosableFile& file, std::uint64_t offset, const rocksdb::Slice& bytes);
  void note_sync(LosableFile& file);
  void note_directory_sync();

 private:
  using Names = std::map<std::string, std::shared_ptr<LosableFile>>;

  /// A name given to a file, or, without one, taken away. A rename is two of them that happen together.
  using NameChange = std::map<std::string, std::shared_ptr<LosableFile>>;

  void count_operation();
  void cut();
  std::string surviving(const LosableFile& file);
  std::string name_of(const std::string& path) const;
  std::uint64_t random(std::uint64_t below) { return random_() % below; }

  const std::string directory_;
  const std::uint64_t cut_at_;
  const std::function<void()> on_cut_;
  mutable std::mutex mutex_;
  std::mt19937_64 random_;
  std::uint64_t operations_ = 0;
  Names durable_names_;
  Names names_;
  std::vector<NameChange> changes_;  // not synced
  std::optional<Image> image_;
};

}  // namespace cinch::test
