// SPDX-License-Identifier: Apache-2.0
// A blocking TLS client directly on OpenSSL, for a thread of the test.
#pragma once

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "base/descriptor.h"
#include "net/tls/tls_context.h"

namespace sluice::net::testing {

// Returns a blocking socket; none if the port is closed.
inline Descriptor connect_plain(std::uint16_t port) {
  Descriptor plain(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(port);
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(plain.get(), reinterpret_cast<sockaddr*>(&where), sizeof where) != 0) plain.reset();
  return plain;
}

struct TlsClientOptions {
  std::string server_name = "shop.example";
  int max_version = 0;  // 0: the newest
  int min_version = 0;
  const KeyPair* own = nullptr;     // shown if the server asks
  const KeyPair* behind = nullptr;  // whose certificate follows it
  SSL_SESSION* resume = nullptr;
  std::string protocols = {};  // wire format
};

class TlsClient {
 public:
  TlsClient(std::uint16_t port, const TlsClientOptions& options) {
    context_ = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(context_, options.min_version);
    SSL_CTX_set_max_proto_version(context_, options.max_version);
    if (options.own != nullptr) show(*options.own);
    if (options.behind != nullptr) show_behind(*options.behind);
    socket_ = connect_plain(port);
    connected_ = socket_.is_open();
    ssl_ = SSL_new(context_);
    std::string name = options.server_name;
    SSL_ctrl(ssl_, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
    if (options.resume != nullptr) SSL_set_session(ssl_, options.resume);
    if (!options.protocols.empty()) {
      SSL_set_alpn_protos(ssl_, reinterpret_cast<const unsigned char*>(options.protocols.data()),
                          static_cast<unsigned>(options.protocols.size()));
    }
    SSL_set_fd(ssl_, socket_.get());
    connected_ = connected_ && SSL_connect(ssl_) == 1;
  }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;
  ~TlsClient() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }

  bool connected() const { return connected_; }
  bool resumed() const { return SSL_session_reused(ssl_) == 1; }
  bool write(const std::string& bytes) {
    std::size_t written = 0;
    return SSL_write_ex(ssl_, bytes.data(), bytes.size(), &written) == 1;
  }
  // Reads `size` bytes; fewer at the end of the stream.
  std::string read(std::size_t size) {
    std::string bytes(size, '\0');
    std::size_t have = 0;
    while (have < size) {
      std::size_t count = 0;
      if (SSL_read_ex(ssl_, bytes.data() + have, size - have, &count) != 1) break;
      have += count;
    }
    bytes.resize(have);
    return bytes;
  }
  // True if a close_notify ended the last read.
  bool ended_well() const { return (SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN) != 0; }
  void shutdown() { SSL_shutdown(ssl_); }
  SSL* handle() { return ssl_; }

 private:
  void show(const KeyPair& pair) {
    BIO* certificate = BIO_new_mem_buf(pair.certificate.data(), -1);
    X509* parsed = PEM_read_bio_X509(certificate, nullptr, nullptr, nullptr);
    BIO* key = BIO_new_mem_buf(pair.key.data(), -1);
    EVP_PKEY* parsed_key = PEM_read_bio_PrivateKey(key, nullptr, nullptr, nullptr);
    SSL_CTX_use_certificate(context_, parsed);
    SSL_CTX_use_PrivateKey(context_, parsed_key);
    X509_free(parsed);
    EVP_PKEY_free(parsed_key);
    BIO_free(certificate);
    BIO_free(key);
  }

  void show_behind(const KeyPair& pair) {
    BIO* certificate = BIO_new_mem_buf(pair.certificate.data(), -1);
    X509* parsed = PEM_read_bio_X509(certificate, nullptr, nullptr, nullptr);
    SSL_CTX_add1_chain_cert(context_, parsed);
    X509_free(parsed);
    BIO_free(certificate);
  }

  SSL_CTX* context_ = nullptr;
  SSL* ssl_ = nullptr;
  Descriptor socket_;
  bool connected_ = false;
};

}  // namespace sluice::net::testing
