#include "backends/rocksdb/log_check.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "backends/rocksdb/rocksdb_status.hpp"

namespace cinch {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

// RocksDB reads a log in blocks of this size. No record crosses the end of one; longer ones are written in parts.
constexpr std::size_t log_block_bytes = 32768;

// A checksum (u32), the length of what follows the header (u16), and the type (u8).
constexpr std::size_t header_bytes = 7;
constexpr std::array<char, header_bytes> header_with_wrong_checksum{0, 0, 0, 0, 0, 0, 1};

std::size_t byte_at(std::string_view bytes, std::size_t at) noexcept { return static_cast<unsigned char>(bytes[at]); }

std::optional<std::size_t> find_zeroed_header(std::string_view block) noexcept {
  for (std::size_t at = 0; at + header_bytes <= block.size();) {
    const std::size_t length = byte_at(block, at + 4) | byte_at(block, at + 5) << 8;
    if (length == 0 && byte_at(block, at + 6) == 0) return at;
    at += header_bytes + length;
  }
  return std::nullopt;
}

bool is_zero(std::string_view bytes) noexcept {
  return std::ranges::all_of(bytes, [](char byte) { return byte == 0; });
}

/// Passes the blocks of a file from `offset` on to `visit`, until that answers true or the file ends.
template <class Visit>
IOStatus find_block(rocksdb::FileSystem& files, const std::string& path, std::uint64_t offset, Visit visit) {
  std::unique_ptr<rocksdb::FSSequentialFile> file;
  IOStatus status = files.NewSequentialFile(path, {}, &file, nullptr);
  if (status.ok() && offset != 0) status = file->Skip(offset);
  std::vector<char> buffer(log_block_bytes);
  for (rocksdb::Slice block; status.ok();) {
    status = file->Read(buffer.size(), {}, &block, buffer.data(), nullptr);
    if (block.empty() || (status.ok() && visit(block.ToStringView()))) break;
  }
  return status;
}

class CheckedLog final : public rocksdb::FSSequentialFileOwnerWrapper {
 public:
  CheckedLog(std::unique_ptr<rocksdb::FSSequentialFile> file, rocksdb::FileSystem& files, std::string path)
      : FSSequentialFileOwnerWrapper(std::move(file)), files_(files), path_(std::move(path)) {}

  IOStatus Read(std::size_t size, const IOOptions& options, rocksdb::Slice* read, char* scratch,
                IODebugContext* debug) override {
    IOStatus status = FSSequentialFileOwnerWrapper::Read(size, options, read, scratch, debug);
    if (!status.ok() || ends_in_zeros_) return status;
    const bool is_block = size == log_block_bytes && offset_ % log_block_bytes == 0;  // else somebody copies the file
    offset_ += read->size();
    const std::optional<std::size_t> zeroed = is_block ? find_zeroed_header(read->ToStringView()) : std::nullopt;
    if (!zeroed) return status;
    bool is_end = is_zero(read->ToStringView().substr(*zeroed));
    if (is_end) {
      status = find_block(files_, path_, offset_, [&](std::string_view block) { return !(is_end = is_zero(block)); });
    }
    ends_in_zeros_ = is_end && status.ok();
    if (is_end || !status.ok()) return status;
    if (read->data() != scratch) std::memcpy(scratch, read->data(), read->size());
    std::ranges::copy(header_with_wrong_checksum, scratch + *zeroed);
    *read = rocksdb::Slice(scratch, read->size());
    return status;
  }

  IOStatus Skip(std::uint64_t bytes) override {
    offset_ += bytes;
    return FSSequentialFileOwnerWrapper::Skip(bytes);
  }

 private:
  rocksdb::FileSystem& files_;
  const std::string path_;
  std::uint64_t offset_ = 0;
  bool ends_in_zeros_ = false;  // from here on
};

}  // namespace

std::unique_ptr<rocksdb::FSSequentialFile> make_log_checked(std::unique_ptr<rocksdb::FSSequentialFile> file,
                                                            rocksdb::FileSystem& files, std::string path) {
  return std::make_unique<CheckedLog>(std::move(file), files, std::move(path));
}

Result<bool> has_zeroed_log(rocksdb::FileSystem& files, const std::string& directory) {
  std::vector<std::string> names;
  IOStatus status = files.GetChildren(directory, {}, &names, nullptr);
  bool found = false;
  const auto is_zeroed = [&](std::string_view block) { return found = find_zeroed_header(block).has_value(); };
  for (const std::string& name : names) {
    if (!status.ok() || found) break;
    if (name.ends_with(".log"))
      status = find_block(files, std::string(directory).append("/").append(name), 0, is_zeroed);
  }
  if (!status.ok()) return from_rocksdb(status, "reading the logs");
  return found;
}

}  // namespace cinch
