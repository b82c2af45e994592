#pragma once
// The one door to Boost.Asio: compiled once, in asio.cpp, instead of in every file.

#define BOOST_ASIO_NO_DEPRECATED
#define BOOST_ASIO_SEPARATE_COMPILATION

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>

namespace limner {
namespace asio = boost::asio;
using SocketError = boost::system::error_code;
}  // namespace limner
