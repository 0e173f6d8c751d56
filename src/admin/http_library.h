// SPDX-License-Identifier: Apache-2.0
// For http_server.cc and its tests only: adapts the types of the HTTP library to those of this
// folder.
#pragma once

#include <httplib.h>

#include <cstddef>
#include <string>

#include "admin/connection.h"
#include "admin/message.h"
#include "base/result.h"

namespace sluice::admin {

inline constexpr std::size_t kDrainBytesMax = std::size_t{1} << 30;  // the most that is dropped

// Adapts a Connection to the library.
class HttpStream final : public httplib::Stream {
 public:
  explicit HttpStream(Connection& connection) : connection_(connection) {}
  bool is_readable() const override { return connection_.is_readable(); }
  bool is_writable() const override { return connection_.is_writable(); }
  ssize_t read(char* out, std::size_t size) override { return connection_.read(out, size); }
  ssize_t write(const char* data, std::size_t size) override {
    return connection_.write({data, size});
  }
  void get_remote_ip_and_port(std::string& ip, int& port) const override {
    ip = connection_.peer();
    port = connection_.peer_port();
  }
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return connection_.descriptor(); }

 private:
  Connection& connection_;
};

// The library's conversion of bytes to a response. Sockets and threads are ours.
class Engine final : public httplib::Server {
 public:
  void serve(Connection& connection) {
    HttpStream stream(connection);
    bool closed = false;
    process_request(stream, true, closed, [&connection](httplib::Request& request) {
      connection.greeted();
      request.ssl = connection.session();
      // The length of a compressed body would reveal the secrets in it (BREACH).
      request.headers.erase("Accept-Encoding");
    });
  }
  // The library treats a server without a socket as shutting down, and cuts its streams.
  void set_listening(bool listening) { svr_sock_ = listening ? 0 : INVALID_SOCKET; }
};

// Reads the body as it arrives. After an error of `take`, the rest is dropped: a client that reads
// only once it has sent everything still gets the error.
[[nodiscard]] Result<void> read_pieces(const httplib::ContentReader& reader, const TakePiece& take,
                                       std::size_t drain_bytes_max = kDrainBytesMax);
[[nodiscard]] Result<std::string> read_body(const httplib::ContentReader& reader,
                                            std::size_t bytes_max);
// Reads the body and drops it, see read_pieces().
void drop_body(const httplib::ContentReader& reader, std::size_t bytes_max);
void write(const Response& response, httplib::Response& out);

}  // namespace sluice::admin
