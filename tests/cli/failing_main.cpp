// The program `cinch` with something failing in it, as the environment says:
//   CINCH_FAULT=file:N:ERRNO:once|ever    the N-th file operation; ERRNO 0: it moves less than it was asked to
//   CINCH_FAULT=memory:N:0:once|ever      the N-th allocation of the main thread
//   CINCH_FAULT_MET=FILE                  is removed when that was met
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "tests/cli/failing_files.hpp"
#include "tests/support/failing_allocator.hpp"

int cinch_main(int argc, char** argv);

int main(int argc, char** argv) {
  char what[16] = "", how[16] = "";
  int n = 0, error = 0;
  const char* fault = std::getenv("CINCH_FAULT");
  if (!fault || std::sscanf(fault, "%15[a-z]:%d:%d:%15s", what, &n, &error, how) != 4) return 98;
  const bool for_ever = std::strcmp(how, "ever") == 0;
  std::optional<cinch::test::FailingAllocation> allocation;
  if (std::strcmp(what, "memory") == 0) {
    allocation.emplace(n, for_ever);
  } else {
    cinch::test::fail_file_operation(n, error, for_ever);
  }
  const int status = cinch_main(argc, argv);
  const bool met = allocation ? allocation->has_failed() : cinch::test::has_file_operation_failed();
  allocation.reset();
  cinch::test::fail_file_operation(-1, 0, false);
  if (met) ::unlink(std::getenv("CINCH_FAULT_MET"));
  return status;
}
