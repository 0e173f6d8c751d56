// SPDX-License-Identifier: Apache-2.0
// TlsSocket: the server's side of TLS on a socket of a thread that may wait, as the admin API's do.
// It never waits itself: the caller polls the socket for what an outcome asks for.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "net/tls/tls_context.h"

namespace sluice::net {

// One thread at a time.
class TlsSocket {
 public:
  enum class Outcome {
    done,
    wants_read,   // again when there is something to read
    wants_write,  // again when something can be written
    ended,        // the peer has closed
    failed,       // nothing more can be done; trouble() says why
  };

  // `descriptor`: a connected, non-blocking socket, which the caller closes after this is gone.
  TlsSocket(int descriptor, std::shared_ptr<const TlsContext> context);
  ~TlsSocket();
  TlsSocket(const TlsSocket&) = delete;
  TlsSocket& operator=(const TlsSocket&) = delete;

  // First of all, until it is done.
  [[nodiscard]] Outcome handshake();
  // `done` with at least one byte in `count`.
  [[nodiscard]] Outcome read(std::span<char> buffer, std::size_t& count);
  [[nodiscard]] Outcome write(std::string_view bytes, std::size_t& count);
  // Bytes that read() gives without the socket.
  [[nodiscard]] bool has_pending() const;
  // Tells the peer that nothing more comes; does not wait.
  void shut_down();

  [[nodiscard]] const std::string& trouble() const { return trouble_; }
  [[nodiscard]] ssl_st* session() const { return session_; }

 private:
  Outcome outcome_of(int returned);

  const std::shared_ptr<const TlsContext> context_;
  ssl_st* session_;
  std::string trouble_;
};

// The common name of the certificate that the peer has shown and proved; "" without one.
[[nodiscard]] std::string peer_common_name(const ssl_st* session);

}  // namespace sluice::net
