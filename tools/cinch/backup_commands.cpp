// backup, restore.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <vector>

#include "commands.hpp"
#include "files.hpp"
#include "interrupt.hpp"
#include "json_writer.hpp"
#include "output.hpp"
#include "progress.hpp"
#include "session.hpp"
#include "store_directory.hpp"
#include "system_error.hpp"

namespace cinch::tool {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t copy_bytes = std::uint64_t{1} << 20;  // after which an interrupt is heeded

Status sync(const fs::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.number() < 0 || fsync(file.number()) != 0) return io_error(path);
  return {};
}

Status in_the_way(const fs::path& what, const fs::path& unfinished) {
  return {StatusCode::invalid_argument,
          what.string() + ": is in the way, move " + unfinished.string() + " elsewhere; restore writes there"};
}

/// Makes the directory, or takes over and empties the one that a killed restore left. It is private, and locked for
/// this process as long as the result lives. A killed restore leaves only files named like the backup's: where anything
/// else lies there, nothing is removed.
Result<Descriptor> claim(const fs::path& unfinished, const fs::path& backup) {
  const bool is_made = ::mkdir(unfinished.c_str(), S_IRWXU) == 0 || errno == EEXIST;
  const std::error_code made = is_made ? std::error_code() : last_error();
  Descriptor claimed(::open(unfinished.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (claimed.number() < 0 && (errno == ENOTDIR || errno == ELOOP)) return in_the_way(unfinished, unfinished);
  if (claimed.number() < 0) {
    return io_error(unfinished.string() + ": cannot be made, restore writes there first", made ? made : last_error());
  }
  // Some mounts have no locks: then there is none.
  const bool is_locked = flock(claimed.number(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  struct stat of_claimed {};
  struct stat of_path {};
  const bool is_there = fstat(claimed.number(), &of_claimed) == 0 && lstat(unfinished.c_str(), &of_path) == 0 &&
                        of_claimed.st_dev == of_path.st_dev && of_claimed.st_ino == of_path.st_ino;
  if (is_locked || !is_there) {  // renamed meanwhile: restored
    return Status(StatusCode::locked, unfinished.string() + ": another restore writes there");
  }
  if (fchmod(claimed.number(), S_IRWXU) != 0) return io_error(unfinished);
  std::error_code failed;
  for (fs::directory_iterator entry(unfinished, failed), end; !failed && entry != end; entry.increment(failed)) {
    if (fs::exists(backup / entry->path().filename(), failed) && entry->is_regular_file(failed)) continue;
    return in_the_way(entry->path(), unfinished);
  }
  for (fs::directory_iterator entry(unfinished, failed), end; !failed && entry != end; entry.increment(failed)) {
    fs::remove(entry->path(), failed);
  }
  if (failed) return io_error(unfinished, failed);
  return claimed;
}

/// Copies a file to a new one and syncs it.
Status copy_file(const std::string& from, const std::string& to, Progress& progress) {
  const Result<InputFile> source = InputFile::open(from);
  if (!source) return source.error();
  const Descriptor copy(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (copy.number() < 0 || fchmod(copy.number(), source->mode()) != 0) return io_error(to);
  std::vector<std::byte> piece;
  for (std::uint64_t offset = 0; offset < source->size(); offset += piece.size()) {
    if (interrupted()) return {StatusCode::cancelled, "interrupted; nothing was restored"};
    piece.resize(std::min(copy_bytes, source->size() - offset));
    Status status = source->read_at(offset, piece);
    if (status.ok()) status = write_all(copy.number(), piece, to);
    if (!status.ok()) return status;
    progress.add(piece.size(), piece.size());
  }
  return fsync(copy.number()) == 0 ? Status() : io_error(to);
}

/// The mode of the empty directory that is replaced, else that of the backup.
Result<mode_t> mode_of_restored(const fs::path& backup, const fs::path& place) {
  struct stat info {};
  if (stat(place.c_str(), &info) != 0 && stat(backup.c_str(), &info) != 0) return io_error(backup);
  return (info.st_mode & 07777) | S_IRWXU;
}

/// Copies a directory of files and syncs it. It appears whole or not at all, and no other user reads it before.
Status copy_directory(const fs::path& from, const fs::path& to, bool quiet) {
  const Result<std::uint64_t> total = bytes_below(from);
  if (!total) return total.error();
  const Result<mode_t> mode = mode_of_restored(from, to);
  if (!mode) return mode.error();
  const fs::path unfinished = to.string() + ".restoring";
  const Result<Descriptor> claimed = claim(unfinished, from);
  if (!claimed) return claimed.error();
  std::error_code failed;
  Progress progress("restore", *total, quiet);
  Status status;
  for (fs::directory_iterator entry(from, failed), end; !failed && status.ok() && entry != end;
       entry.increment(failed)) {
    status = copy_file(entry->path(), unfinished / entry->path().filename(), progress);
  }
  if (failed && status.ok()) status = io_error(from, failed);
  if (status.ok() && fchmod(claimed->number(), *mode) != 0) status = io_error(unfinished);
  if (status.ok()) status = sync(unfinished);
  if (status.ok()) fs::rename(unfinished, to, failed);
  if (failed && status.ok()) status = io_error(to, failed);
  if (status.ok()) return sync(to.parent_path());
  fs::remove_all(unfinished, failed);
  return status;
}

/// `locked` while a process has the store in a directory open for writing: a copy of changing files is no store.
Status check_unused(const fs::path& directory) {
  const fs::path lock = directory / "LOCK";
  const Descriptor file(::open(lock.c_str(), O_RDONLY | O_CLOEXEC));
  struct flock held {};
  held.l_type = F_RDLCK;
  held.l_whence = SEEK_SET;
  if (file.number() < 0 || fcntl(file.number(), F_GETLK, &held) != 0 || held.l_type == F_UNLCK) return {};
  return {StatusCode::locked, directory.string() + ": process " + std::to_string(held.l_pid) +
                                  " has it open for writing; restore it once that process has closed it, or a backup "
                                  "that the process makes"};
}

/// Whether a file system begins there: no other directory can take its place.
bool is_mount_point(const fs::path& directory) {
  struct statx own {};
  struct statx around {};
  if (statx(AT_FDCWD, directory.c_str(), 0, STATX_TYPE, &own) != 0) return false;
  if (statx(AT_FDCWD, directory.parent_path().c_str(), 0, STATX_TYPE, &around) != 0) return false;
  return (own.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0 || own.stx_dev_major != around.stx_dev_major ||
         own.stx_dev_minor != around.stx_dev_minor;
}

/// Errors: `invalid_argument` when something is there that a store would replace, or that cannot be replaced.
Status check_vacant(const fs::path& directory) {
  std::error_code failed;
  if (!fs::exists(directory, failed)) return {};
  if (!fs::is_directory(directory, failed) || !fs::is_empty(directory, failed)) {
    return {StatusCode::invalid_argument,
            directory.string() + ": is there already; move it away, or restore elsewhere"};
  }
  if (is_mount_point(directory)) {
    return {StatusCode::invalid_argument,
            directory.string() + ": is a mount point and cannot be replaced; restore to a directory in it, such as " +
                (directory / "store").string()};
  }
  if (!fs::equivalent(directory, fs::current_path(failed), failed)) return {};
  return {StatusCode::invalid_argument, directory.string() + ": is where you are; restore it from elsewhere"};
}

ExitStatus print_destination(const Options& options, const char* verb, const std::string& directory) {
  const Result<std::uint64_t> bytes = bytes_below(directory);
  if (!bytes) return fail(bytes.error());
  if (options.json) {
    return print(
        JsonWriter().begin_object().field("directory", directory).field("bytes", *bytes).end_object().document());
  }
  if (options.quiet) return ExitStatus::ok;
  return print(std::string(verb) + directory + ", " + human_size(*bytes) + '\n');
}

}  // namespace

ExitStatus back_up(const Options& options) {
  note_interrupts();  // else one would leave half a backup behind
  const Result<StoreToOpen> to_open = store_to_open(options, Access::own);
  if (!to_open) return fail(to_open.error());
  if (const Result<fs::path> place = directory_of(to_open->config); place) {
    if (Status status = check_outside(*options.file, *place); !status.ok()) return fail(status);
  }
  Result<std::shared_ptr<CompressedKvStore>> store = open_store(*to_open);
  if (!store) return fail(store.error());
  if (Status status = (*store)->checkpoint(*options.file); !status.ok()) return fail(status);
  if (Status status = (*store)->close(); !status.ok()) return fail(status);
  return print_destination(options, "backed up to ", *options.file);
}

ExitStatus restore_backup(const Options& options) {
  note_interrupts();
  if (!options.store && !options.config) return fail(no_store_named());
  const Result<StoreConfig> config = load_config(options);
  const Result<fs::path> target = config ? directory_of(*config) : config.error();
  if (!target) return fail(target.error());
  if (Status status = check_vacant(*target); !status.ok()) return fail(status);
  if (Status status = check_outside(*target, *options.file); !status.ok()) return fail(status);
  // Checks that the backup is a store.
  Options backup = options;
  backup.store = config->backend + ":" + *options.file;
  backup.config.reset();
  if (const auto store = open_store(backup, Access::read); !store) return fail(store.error());
  if (Status status = check_unused(*options.file); !status.ok()) return fail(status);
  if (Status status = copy_directory(*options.file, *target, options.quiet); !status.ok()) return fail(status);
  return print_destination(options, "restored to ", target->string());
}

}  // namespace cinch::tool
