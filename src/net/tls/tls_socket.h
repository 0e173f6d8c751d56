// SPDX-License-Identifier: Apache-2.0
// TlsSocket: the server's side of TLS on a socket of a thread that may block, as those of the admin
// API do. It does not block itself: the caller polls the socket as the outcome says.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "net/tls/tls_context.h"

namespace sluice::net {

// Used by one thread at a time.
class TlsSocket {
 public:
  enum class Outcome {
    done,
    wants_read,   // call again when the socket is readable
    wants_write,  // call again when the socket is writable
    ended,        // the peer has closed
    failed,       // the session is unusable; trouble() says why
  };

  // `descriptor`: a connected, non-blocking socket. The caller closes it after this is destroyed.
  TlsSocket(int descriptor, std::shared_ptr<const TlsContext> context);
  ~TlsSocket();
  TlsSocket(const TlsSocket&) = delete;
  TlsSocket& operator=(const TlsSocket&) = delete;

  // Requires: called first, until it returns `done`.
  [[nodiscard]] Outcome handshake();
  // Returns `done` with at least one byte, and their number in `count`.
  [[nodiscard]] Outcome read(std::span<char> buffer, std::size_t& count);
  [[nodiscard]] Outcome write(std::string_view bytes, std::size_t& count);
  // True if read() has bytes without reading the socket.
  [[nodiscard]] bool has_pending() const;
  // Sends the close_notify. Does not wait.
  void shut_down();

  [[nodiscard]] const std::string& trouble() const { return trouble_; }
  [[nodiscard]] ssl_st* session() const { return session_; }

 private:
  Outcome outcome_of(int returned);

  const std::shared_ptr<const TlsContext> context_;
  ssl_st* session_;
  std::string trouble_;
};

// Returns the common name of the peer's verified certificate; "" without one.
[[nodiscard]] std::string peer_common_name(const ssl_st* session);

}  // namespace sluice::net
