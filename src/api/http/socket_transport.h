#pragma once
// Transports over TCP sockets.

#include <memory>

#include "api/http/asio.h"
#include "api/http/transport.h"

namespace limner {

std::unique_ptr<Transport> plain_transport(asio::ip::tcp::socket socket);
/// `context` must outlive it.
std::unique_ptr<Transport> tls_transport(asio::ip::tcp::socket socket, asio::ssl::context& context);

}  // namespace limner
