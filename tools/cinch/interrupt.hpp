/// Ctrl-C during long work: the work ends between two values, the store is closed, and then the process is.
#pragma once

namespace cinch::tool {

/// From now on the first SIGINT, SIGTERM or SIGHUP is noted, unless whoever started the process has it ignored; a
/// second one ends the process at once.
void note_interrupts();

/// Whether one came.
bool interrupted() noexcept;

/// Ends the process by the signal that came, if one did, so that a shell sees it.
void end_if_interrupted();

}  // namespace cinch::tool
