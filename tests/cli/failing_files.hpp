/// File operations that fail on demand: a program that links failing_files.cpp has its own open, read, write and so on,
/// which its libraries call too.
#pragma once

namespace cinch::test {

/// From now on the `n`-th file operation of the process (0: the next) fails with `error`; once, or with all after it.
/// Operations that cannot fail so answer EIO. `error` 0: reads and writes move less than they were asked to, which is
/// no failure. The standard streams are left alone.
void fail_file_operation(int n, int error, bool for_ever) noexcept;

bool has_file_operation_failed() noexcept;

}  // namespace cinch::test
