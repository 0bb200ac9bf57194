#include "backends/rocksdb/checkpoint.hpp"

#include <rocksdb/utilities/checkpoint.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "backends/rocksdb/fingerprint.hpp"
#include "backends/rocksdb/rocksdb_status.hpp"

namespace cinch {
namespace {

namespace fs = std::filesystem;

Status cannot_be_made(const std::string& directory, const std::error_code& error) {
  const bool is_full = error.value() == ENOSPC || error.value() == EDQUOT;
  return {is_full ? StatusCode::no_space : StatusCode::io_error, directory + ": cannot be made: " + error.message()};
}

Status copy_files(rocksdb::DB& db, rocksdb::Env& env, const std::string& to, WatermarkRecord record) {
  rocksdb::Checkpoint* made = nullptr;
  rocksdb::Status status = rocksdb::Checkpoint::Create(&db, &made);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  if (status.ok()) status = checkpoint->CreateCheckpoint(to);
  if (!status.ok()) return from_rocksdb(status, "checkpoint");
  const Result<DirectoryState> copy = read_directory_state(to);
  if (!copy) return copy.error();
  record.state = WatermarkRecord::State::copied;
  record.fingerprint = copy->fingerprint();
  return from_rocksdb(Watermark(env, to, record).failure(), "checkpoint");
}

/// Gives a copy the group of its store. Returns the mode for it: without the group's rights where that is not allowed.
Result<mode_t> adopt_group(const fs::path& copy, const fs::path& store) {
  struct stat info {};
  struct stat own {};
  if (::stat(store.c_str(), &info) != 0 || ::stat(copy.c_str(), &own) != 0) {
    return cannot_be_made(copy, std::error_code(errno, std::generic_category()));
  }
  const bool has_group = own.st_gid == info.st_gid || ::chown(copy.c_str(), uid_t(-1), info.st_gid) == 0;
  return (info.st_mode & 07777) & ~static_cast<mode_t>(has_group ? 0 : S_IRWXG | S_ISGID);
}

}  // namespace

/// Made in a temporary directory beside its place: RocksDB removes whatever it finds where it makes a checkpoint.
Status make_checkpoint(rocksdb::DB& db, rocksdb::Env& env, const std::string& directory, WatermarkRecord record) {
  if (directory.empty()) return {StatusCode::invalid_argument, "checkpoint: the directory has no name"};
  std::error_code failed;
  if (fs::exists(directory, failed)) {
    return {StatusCode::invalid_argument, directory + ": is there already, expected a directory to be made"};
  }
  const fs::path given = fs::absolute(directory, failed), place = given.has_filename() ? given : given.parent_path();
  if (failed) return cannot_be_made(directory, failed);
  std::string workshop = place.string() + ".XXXXXX";
  if (mkdtemp(workshop.data()) == nullptr) {
    return cannot_be_made(directory, std::error_code(errno, std::generic_category()));
  }
  const fs::path unfinished = fs::path(workshop) / "checkpoint";
  std::unique_ptr<rocksdb::Directory> above;  // not synced where it may be written but not read
  env.NewDirectory(place.parent_path().string(), &above).PermitUncheckedError();
  Status status = copy_files(db, env, unfinished.string(), record);
  // Those who may read the store may read the copy, and nobody else. In the workshop nobody can.
  const Result<mode_t> mode = status.ok() ? adopt_group(unfinished, db.GetName()) : status;
  if (!mode) status = mode.error();
  if (status.ok()) fs::permissions(unfinished, static_cast<fs::perms>(*mode | S_IRWXU), failed);
  if (status.ok() && !failed) fs::rename(unfinished, place, failed);  // which an owner who may not write could not do
  if (status.ok() && !failed) fs::permissions(place, static_cast<fs::perms>(*mode), failed);
  std::error_code ignored;
  fs::remove_all(workshop, ignored);
  if (failed) return cannot_be_made(directory, failed);
  if (!status.ok()) return status.in(directory);
  return from_rocksdb(above ? above->Fsync() : rocksdb::Status(), directory + " is there, and may not outlive a crash");
}

}  // namespace cinch
