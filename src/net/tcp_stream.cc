// SPDX-License-Identifier: Apache-2.0
#include "net/tcp_stream.h"

#include <utility>

#include "base/host_port.h"
#include "net/file_taker.h"
#include "net/socket.h"

namespace sluice::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using loop::EventLoop;

namespace {

class TcpStream final : public Stream, public FileTaker {
 public:
  TcpStream(EventLoop& loop, int descriptor, const tcp::endpoint& peer, bool secure)
      : socket_(loop, descriptor), peer_(format_endpoint(peer)), secure_(secure) {}

  void set_deadline(TimePoint when) override { socket_.set_deadline(when); }
  void clear_deadline() override { socket_.clear_deadline(); }
  void set_patience(Duration patience) override { socket_.set_patience(patience); }
  void close() override { socket_.close(); }
  void shutdown_write() override { socket_.shutdown_write(); }
  bool is_open() const override { return socket_.is_open(); }
  const std::string& peer_address() const override { return peer_; }
  bool is_secure() const override { return secure_; }
  void set_peer_address(std::string address) override { peer_ = std::move(address); }
  void put_back(std::string_view bytes) override { socket_.put_back(bytes); }

 protected:
  bool start_read(std::span<char> buffer, Operation& operation) override {
    return socket_.start_read(buffer, operation);
  }
  bool start_write(std::string_view bytes, Operation& operation) override {
    return socket_.start_write(bytes, operation);
  }
  bool start_closed(Operation& operation, bool whole) override {
    return socket_.start_closed(operation, whole);
  }
  void cancel(Operation& operation) override { socket_.cancel(operation); }

 private:
  Stream& stream() override { return *this; }
  bool start_write_file(const FileTaker::Write& write, Operation& operation) override {
    return socket_.start_write_file(write, operation);
  }

  Socket socket_;
  std::string peer_;
  const bool secure_;
};

}  // namespace

// Without the zone of a link-local address, which is no part of an address to filters and limits.
std::string format_endpoint(const tcp::endpoint& endpoint) {
  asio::ip::address address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  } else if (address.is_v6()) {
    address = asio::ip::address_v6(address.to_v6().to_bytes());
  }
  return format_host_port(address.to_string(), endpoint.port());
}

std::unique_ptr<Stream> make_tcp_stream(EventLoop& loop, int descriptor, const tcp::endpoint& peer,
                                        bool secure) {
  auto stream = std::make_unique<TcpStream>(loop, descriptor, peer, secure);
  if (!stream->is_open()) return nullptr;
  return stream;
}

}  // namespace sluice::net
