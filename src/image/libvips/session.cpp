#include "image/libvips/session.h"

namespace limner {
namespace {

// Warnings about other people's files are no business of our standard error.
void ignore_log(const gchar*, GLogLevelFlags, const gchar*, gpointer) {}

bool start() {
  g_log_set_handler("VIPS", static_cast<GLogLevelFlags>(G_LOG_LEVEL_WARNING | G_LOG_LEVEL_INFO), ignore_log,
                    nullptr);
  if (VIPS_INIT("limner") != 0) return false;
  vips_block_untrusted_set(TRUE);
  vips_concurrency_set(1);
  vips_cache_set_max(0);
  return true;
}

}  // namespace

Result<void> start_libvips() {
  static const bool started = start();
  if (!started) return Error{Code::internal, "", "libvips did not start", "check that it is installed whole"};
  return {};
}

std::string take_libvips_error() {
  const std::unique_ptr<char, MemoryFree> buffer(vips_error_buffer_copy());
  const std::string text(buffer.get());
  return text.substr(0, std::min<size_t>(text.find('\n'), 200));
}

}  // namespace limner
