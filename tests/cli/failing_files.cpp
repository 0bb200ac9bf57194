#include "tests/cli/failing_files.hpp"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>

namespace {

std::atomic<int> left{-1};  // operations until one fails; negative: none will
std::atomic<bool> failed{false};
int error_to_give = 0;
bool all_after = false;

/// What an operation may fail with besides EIO.
enum Kind : unsigned { reads = 0, opens = 1, makes = 2, writes = 4 };

bool can_give(unsigned kind, int error) {
  switch (error) {
    case EMFILE: return (kind & opens) != 0;
    case EROFS: return (kind & makes) != 0;
    case ENOSPC:
    case EDQUOT: return (kind & (makes | writes)) != 0;
    default: return true;
  }
}

/// Whether it is this operation's turn.
bool is_turn() noexcept {
  if (left.load() < 0) return false;
  const int before = left.fetch_sub(1);
  if (before > 0) return false;
  if (before < 0 && !all_after) return false;
  if (all_after) left = 0;
  failed = true;
  return true;
}

/// Whether an operation fails; errno is set then.
bool fails(unsigned kind) noexcept {
  if (error_to_give == 0 || !is_turn()) return false;
  errno = can_give(kind, error_to_give) ? error_to_give : EIO;
  return true;
}

/// How much of `size` is moved.
std::size_t moved(int descriptor, std::size_t size) noexcept {
  if (error_to_give != 0 || descriptor <= STDERR_FILENO || size < 2 || !is_turn()) return size;
  return size / 2;
}

template <class Function>
Function* real(const char* name) noexcept {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

unsigned kind_of_open(int flags) {
  const bool changes = (flags & (O_CREAT | O_TRUNC)) != 0 || (flags & O_ACCMODE) != O_RDONLY;
  return changes ? opens | makes : opens;
}

mode_t mode_of(int flags, va_list arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? static_cast<mode_t>(va_arg(arguments, int)) : 0;
}

}  // namespace

namespace cinch::test {

void fail_file_operation(int n, int error, bool for_ever) noexcept {
  error_to_give = error;
  all_after = for_ever;
  failed = false;
  left = n;
}

bool has_file_operation_failed() noexcept { return failed; }

}  // namespace cinch::test

// Names, types and attributes are libc's.
extern "C" {

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return fails(kind_of_open(flags)) ? -1 : real<int(const char*, int, mode_t)>("open")(path, flags, mode);
}

int openat(int directory, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return fails(kind_of_open(flags)) ? -1
                                    : real<int(int, const char*, int, mode_t)>("openat")(directory, path, flags, mode);
}

int mkostemp(char* path, int flags) {
  return fails(opens | makes) ? -1 : real<int(char*, int)>("mkostemp")(path, flags);
}

FILE* fopen(const char* path, const char* mode) {
  return fails(mode[0] == 'r' ? opens : opens | makes) ? nullptr
                                                       : real<FILE*(const char*, const char*)>("fopen")(path, mode);
}

DIR* opendir(const char* path) { return fails(opens) ? nullptr : real<DIR*(const char*)>("opendir")(path); }

ssize_t read(int descriptor, void* to, size_t size) {
  if (descriptor > STDERR_FILENO && fails(reads)) return -1;
  return real<ssize_t(int, void*, size_t)>("read")(descriptor, to, moved(descriptor, size));
}

ssize_t pread(int descriptor, void* to, size_t size, off_t offset) {
  if (fails(reads)) return -1;
  return real<ssize_t(int, void*, size_t, off_t)>("pread")(descriptor, to, moved(descriptor, size), offset);
}

ssize_t write(int descriptor, const void* from, size_t size) {
  if (descriptor > STDERR_FILENO && fails(writes)) return -1;
  return real<ssize_t(int, const void*, size_t)>("write")(descriptor, from, moved(descriptor, size));
}

ssize_t pwrite(int descriptor, const void* from, size_t size, off_t offset) {
  if (fails(writes)) return -1;
  return real<ssize_t(int, const void*, size_t, off_t)>("pwrite")(descriptor, from, moved(descriptor, size), offset);
}

int fsync(int descriptor) { return fails(writes) ? -1 : real<int(int)>("fsync")(descriptor); }
int fdatasync(int descriptor) { return fails(writes) ? -1 : real<int(int)>("fdatasync")(descriptor); }
int ftruncate(int descriptor, off_t size) noexcept {
  return fails(writes) ? -1 : real<int(int, off_t)>("ftruncate")(descriptor, size);
}
int fallocate(int descriptor, int mode, off_t offset, off_t size) {
  return fails(writes) ? -1 : real<int(int, int, off_t, off_t)>("fallocate")(descriptor, mode, offset, size);
}
int fchmod(int descriptor, mode_t mode) noexcept {
  return fails(makes) ? -1 : real<int(int, mode_t)>("fchmod")(descriptor, mode);
}
int mkdir(const char* path, mode_t mode) noexcept {
  return fails(makes) ? -1 : real<int(const char*, mode_t)>("mkdir")(path, mode);
}
int rename(const char* from, const char* to) noexcept {
  return fails(makes) ? -1 : real<int(const char*, const char*)>("rename")(from, to);
}
int link(const char* from, const char* to) noexcept {
  return fails(makes) ? -1 : real<int(const char*, const char*)>("link")(from, to);
}
int unlink(const char* path) noexcept { return fails(makes) ? -1 : real<int(const char*)>("unlink")(path); }

int close(int descriptor) {  // it is closed whatever it answers
  const bool is_turn = descriptor > STDERR_FILENO && fails(writes);
  const int error = errno;
  const int result = real<int(int)>("close")(descriptor);
  if (!is_turn) return result;
  errno = error;
  return -1;
}
}
