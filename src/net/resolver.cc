// SPDX-License-Identifier: Apache-2.0
#include "net/resolver.h"

#include <boost/asio/ip/tcp.hpp>
#include <cerrno>

#include "base/host_port.h"
#include "loop/one_shot.h"
#include "net/tcp_stream.h"

namespace sluice::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

struct Lookup {
  error_code error;
  std::vector<Endpoint> endpoints;
};

std::vector<Endpoint> endpoints_of(const tcp::resolver::results_type& results) {
  std::vector<Endpoint> endpoints;
  for (const auto& entry : results) {
    const tcp::endpoint found = entry.endpoint();
    endpoints.emplace_back(found.address().to_string(), found.port());
  }
  return endpoints;
}

// True if this machine lacks a resource: descriptors, memory, local ports.
bool is_own(const error_code& error) {
  switch (error.value()) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL:
      return true;
    default:
      return false;
  }
}

// The socket of one attempt to connect. The destructor closes it even if others still hold it.
class Attempt {
 public:
  explicit Attempt(loop::EventLoop& loop) : socket_(std::make_shared<tcp::socket>(loop.io())) {}
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;
  ~Attempt() {
    error_code ignored;
    socket_->close(ignored);
  }
  [[nodiscard]] const std::shared_ptr<tcp::socket>& socket() const { return socket_; }

 private:
  std::shared_ptr<tcp::socket> socket_;
};

}  // namespace

std::string Endpoint::to_string() const { return format_host_port(address, port); }

bool is_ip_literal(std::string_view host) {
  error_code error;
  asio::ip::make_address(without_brackets(host), error);
  return !error;
}

Task<Result<std::vector<Endpoint>>> resolve(loop::EventLoop& loop, std::string host,
                                            std::uint16_t port, TimePoint deadline) {
  if (is_ip_literal(host)) {
    co_return std::vector<Endpoint>{{std::string(without_brackets(host)), port}};
  }
  tcp::resolver resolver(loop.io());
  loop::OneShot<Lookup> found(loop);
  resolver.async_resolve(
      host, std::to_string(port), tcp::resolver::numeric_service,
      [slot = found.slot()](const error_code& error, const auto& results) {
        slot->set({error, error ? std::vector<Endpoint>{} : endpoints_of(results)});
      });
  const bool in_time = co_await found.wait(deadline);
  if (!in_time) {
    co_return fail(ErrorKind::timed_out, "looking up " + host + " took too long");
  }
  Lookup lookup = found.take();
  if (lookup.error || lookup.endpoints.empty()) {
    co_return fail(ErrorKind::unavailable,
                   "cannot look up " + host + ": " + lookup.error.message());
  }
  co_return std::move(lookup.endpoints);
}

Task<Result<std::unique_ptr<Stream>>> connect(loop::EventLoop& loop, Endpoint endpoint,
                                              TimePoint deadline) {
  error_code error;
  const auto address = asio::ip::make_address(endpoint.address, error);
  if (error)
    co_return fail(ErrorKind::invalid, "\"" + endpoint.address + "\" is not an IP address");
  const tcp::endpoint peer(address, endpoint.port);
  const Attempt attempt(loop);
  loop::OneShot<error_code> connected(loop);
  attempt.socket()->async_connect(peer, [slot = connected.slot(), socket = attempt.socket()](
                                            const error_code& outcome) { slot->set(outcome); });
  const bool in_time = co_await connected.wait(deadline);
  if (in_time) error = connected.take();
  if (!in_time || error == asio::error::timed_out) {
    co_return fail(ErrorKind::timed_out,
                   "connecting to " + endpoint.to_string() + " took too long");
  }
  if (error) {
    co_return fail(is_own(error) ? ErrorKind::internal : ErrorKind::unavailable,
                   "cannot connect to " + endpoint.to_string() + ": " + error.message());
  }
  attempt.socket()->set_option(tcp::no_delay(true), error);
  attempt.socket()->non_blocking(true, error);
  auto stream = make_tcp_stream(loop, attempt.socket()->release(error), peer);
  if (!stream) co_return fail(ErrorKind::internal, "out of memory for a connection");
  co_return stream;
}

}  // namespace sluice::net
