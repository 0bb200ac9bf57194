/// The commands: each does one thing, prints its result or its error, and answers how the process is to end.
#pragma once

#include "options.hpp"

namespace cinch::tool {

// value_commands.cpp
ExitStatus put_value(const Options& options);
ExitStatus get_value(const Options& options);
ExitStatus remove_values(const Options& options);
ExitStatus value_exists(const Options& options);

// list_commands.cpp
ExitStatus list_keys(const Options& options);
ExitStatus show_stat(const Options& options);

// verify_command.cpp
ExitStatus verify_values(const Options& options);

// rewrite_commands.cpp
ExitStatus recompress_values(const Options& options);
ExitStatus copy_values(const Options& options);

// backup_commands.cpp
ExitStatus back_up(const Options& options);
ExitStatus restore_backup(const Options& options);

// config_command.cpp
ExitStatus check_config_file(const Options& options);

// transfer_commands.cpp
ExitStatus import_file(const Options& options);
ExitStatus export_file(const Options& options);

// codec_commands.cpp
ExitStatus list_codecs(const Options& options);
ExitStatus list_plugins(const Options& options);

// bench_command.cpp
ExitStatus run_bench(const Options& options);

// demo_command.cpp
ExitStatus run_demo(const Options& options);

// demo_runs.cpp
ExitStatus check_demo_store(const Options& options);

}  // namespace cinch::tool
