// SPDX-License-Identifier: Apache-2.0
// Connection: the bytes from and to a client of the API, with or without TLS. Its calls block.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"
#include "net/tls/tls_socket.h"

namespace sluice::admin {

// The limit from the first byte to the end of the request's head: an unauthenticated client holds a
// thread no longer.
inline constexpr Duration kGreetingTimeout = std::chrono::seconds(15);
// The later limit between two pieces from the client.
inline constexpr Duration kReadTimeout = std::chrono::seconds(30);
// The limit for a client that does not read. It is long, because a user may page through a listing.
inline constexpr Duration kPauseMax = std::chrono::minutes(10);

// For one thread.
class Connection {
 public:
  // Takes over `descriptor`, which is non-blocking. `stopping` ends all waiting soon after it is
  // set. Requires: `stopping` outlives this. `tls` may be null.
  Connection(int descriptor, std::shared_ptr<const net::TlsContext> tls,
             const std::atomic<bool>& stopping);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Performs the TLS handshake, if TLS is on. False if the connection is unusable: trouble() says
  // why, "" if the client just left. A client that speaks plain HTTP to TLS has got an error
  // response.
  [[nodiscard]] bool open();
  // Call once the head of the request is read: the limits for its body and the response then apply.
  void greeted() { greeting_ = false; }

  // Like recv() and send() of a blocking socket; -1 after a timeout.
  [[nodiscard]] ssize_t read(char* out, std::size_t size);
  [[nodiscard]] ssize_t write(std::string_view bytes);
  // Waits, at most as long as read() or write(), and returns whether the call would not block.
  [[nodiscard]] bool is_readable();
  [[nodiscard]] bool is_writable();

  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] const std::string& peer() const { return peer_; }  // address without port
  [[nodiscard]] int peer_port() const { return peer_port_; }
  [[nodiscard]] const ssl_st* session() const { return tls_ ? tls_->session() : nullptr; }
  [[nodiscard]] const std::string& trouble() const { return trouble_; }

 private:
  [[nodiscard]] bool wait(short events);
  [[nodiscard]] TimePoint limit(short events) const;
  [[nodiscard]] bool speaks_tls();
  // Waits for the event that `outcome` needs. False if the connection has failed.
  [[nodiscard]] bool settle(net::TlsSocket::Outcome outcome);

  const int descriptor_;
  const std::atomic<bool>& stopping_;
  std::unique_ptr<net::TlsSocket> tls_;
  std::string peer_;
  int peer_port_ = 0;
  std::string trouble_;
  const TimePoint greeting_until_;
  bool greeting_ = true;
};

}  // namespace sluice::admin
