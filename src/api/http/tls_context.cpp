#include "api/http/tls_context.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace limner {
namespace {

constexpr unsigned char kHttp11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

int choose_http11(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                  const unsigned char* offered, unsigned int offered_size, void*) {
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, chosen_size, kHttp11, sizeof(kHttp11), offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_NOACK;
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

Error unusable(std::string_view option, const std::filesystem::path& path, const SocketError& error) {
  return invalid(std::string(option), fmt::format("{} cannot be used: {}", path.string(), error.message()));
}

}  // namespace

Result<std::unique_ptr<asio::ssl::context>> tls_context(const std::filesystem::path& certificate,
                                                        const std::filesystem::path& key) {
  auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(native, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_options(native,
                      SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(native, choose_http11, nullptr);

  SocketError error;
  context->use_certificate_chain_file(certificate.string(), error);
  if (error) return unusable("tls_certificate", certificate, error);
  context->use_private_key_file(key.string(), asio::ssl::context::pem, error);
  if (error) return unusable("tls_key", key, error);
  if (SSL_CTX_check_private_key(native) != 1)
    return invalid("tls_key", fmt::format("{} is not the key of {}", key.string(), certificate.string()));
  return context;
}

}  // namespace limner
