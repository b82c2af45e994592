#include "cli/interrupt.h"

#include <unistd.h>

#include <csignal>

namespace limner {
namespace {

// A signal handler has no other way to say anything: the program's one mutable global.
volatile std::sig_atomic_t interrupt_seen = 0;

void remember(int signal) {
  if (interrupt_seen) _exit(128 + signal);
  interrupt_seen = 1;
}

}  // namespace

void watch_interrupts() {
  struct sigaction action {};
  action.sa_handler = remember;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() { return interrupt_seen != 0; }

}  // namespace limner
