#pragma once
// TLS as the server speaks it.

#include <filesystem>
#include <memory>

#include "api/http/asio.h"
#include "base/result.h"

namespace limner {

/// TLS 1.2 and 1.3 with forward secrecy and authenticated encryption only (RFC 9325), offering http/1.1. The
/// certificate's file holds its chain too. `invalid` names the file that cannot be used.
Result<std::unique_ptr<asio::ssl::context>> tls_context(const std::filesystem::path& certificate,
                                                        const std::filesystem::path& key);

}  // namespace limner
