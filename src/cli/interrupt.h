#pragma once
// Ctrl-C as a question one asks between steps.

namespace limner {

/// From now on SIGINT and SIGTERM are remembered instead of ending the process; a second one ends it at once.
void watch_interrupts();
/// Whether one has come.
bool interrupted();

}  // namespace limner
