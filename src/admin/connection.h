// SPDX-License-Identifier: Apache-2.0
// Connection: bytes from and to a client of the API, with or without TLS, on a thread that waits
// for them.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"
#include "net/tls/tls_socket.h"

namespace sluice::admin {

// From the first byte to the end of the request's head: strangers hold a thread no longer.
inline constexpr Duration kGreetingTimeout = std::chrono::seconds(15);
// After that, between two pieces that the client sends.
inline constexpr Duration kReadTimeout = std::chrono::seconds(30);
// Of a client that reads nothing: somebody may look at a listing page by page.
inline constexpr Duration kPauseMax = std::chrono::minutes(10);

// One thread.
class Connection {
 public:
  // Takes over `descriptor`, which is non-blocking. `stopping` ends all waiting soon after it is
  // set, and outlives this. `tls` may be null.
  Connection(int descriptor, std::shared_ptr<const net::TlsContext> tls,
             const std::atomic<bool>& stopping);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // The handshake, if there is one to do. False if the connection is of no use; trouble() says why,
  // "" if the client just left. A client that speaks plain HTTP to TLS has been told.
  [[nodiscard]] bool open();
  // The head of the request is there: the limits of its body and the response are in force.
  void greeted() { greeting_ = false; }

  // As recv() and send() of a blocking socket, -1 after a timeout.
  [[nodiscard]] ssize_t read(char* out, std::size_t size);
  [[nodiscard]] ssize_t write(std::string_view bytes);
  // Whether read() or write() would not wait, after waiting for that at most as long as they do.
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
  // Waits for what `outcome` wants; false if nothing more can come of it.
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
