// SPDX-License-Identifier: Apache-2.0
#include "net/resolver.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include "base/descriptor.h"
#include "base/host_port.h"
#include "loop/blocking_pool.h"
#include "loop/event.h"
#include "loop/poller.h"
#include "net/errno_text.h"
#include "net/tcp_stream.h"

namespace sluice::net {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

std::vector<Endpoint> endpoints_of(const AddressList& found, std::uint16_t port) {
  std::vector<Endpoint> endpoints;
  for (const addrinfo* entry = found.get(); entry != nullptr; entry = entry->ai_next) {
    tcp::endpoint one;
    if (entry->ai_addrlen > one.capacity()) continue;
    std::memcpy(one.data(), entry->ai_addr, entry->ai_addrlen);
    one.resize(entry->ai_addrlen);
    endpoints.emplace_back(one.address().to_string(), port);
  }
  return endpoints;
}

// Blocks.
Result<std::vector<Endpoint>> look_up(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* first = nullptr;
  const int status = ::getaddrinfo(host.c_str(), nullptr, &hints, &first);
  const int error = errno;
  if (status != 0) {
    const std::string reason = status == EAI_SYSTEM ? errno_text(error) : ::gai_strerror(status);
    return fail(ErrorKind::unavailable, "cannot look up " + host + ": " + reason);
  }
  std::vector<Endpoint> endpoints = endpoints_of(AddressList(first, &::freeaddrinfo), port);
  if (endpoints.empty())
    return fail(ErrorKind::unavailable, "cannot look up " + host + ": it has no address");
  return endpoints;
}

// Of a loop, whose end does not wait for a name server.
struct LookUps {
  loop::BlockingPool own{loop::BlockingPool::kThreadsMax, loop::BlockingPool::AtEnd::leave};
  loop::BlockingPool of_clients{loop::BlockingPool::kThreadsMax, loop::BlockingPool::AtEnd::leave};
};

loop::BlockingPool& pool_for(loop::EventLoop& loop, NameOf name_of) {
  std::shared_ptr<void>& kept = loop.poller().lookups();
  if (!kept) kept = std::make_shared<LookUps>();
  auto& look_ups = *static_cast<LookUps*>(kept.get());
  return name_of == NameOf::clients ? look_ups.of_clients : look_ups.own;
}

using Found = std::optional<Result<std::vector<Endpoint>>>;

Task<void> look_up_apart(loop::EventLoop& loop, std::string host, std::uint16_t port,
                         NameOf name_of, Found& found, loop::Event& done) {
  // Not within the co_await expression: GCC 12 destroys such a lambda twice.
  auto work = [host = std::move(host), port] { return look_up(host, port); };
  found = co_await pool_for(loop, name_of).run(loop, std::move(work));
  done.notify();
}

// True if this machine lacks a resource: descriptors, memory, local ports.
bool is_own(int error) {
  switch (error) {
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

// One attempt to connect.
class Attempt final : public loop::Poller::Watcher {
 public:
  explicit Attempt(loop::EventLoop& loop) : loop_(loop), done_(loop) {}
  ~Attempt() override { (void)release(); }

  // Returns an errno if it has failed already, else 0.
  [[nodiscard]] int start(const tcp::endpoint& peer);
  // co_await: false at `deadline`. Requires: start() has returned 0.
  [[nodiscard]] loop::Event::Wait done(TimePoint deadline) { return done_.wait(deadline); }
  // Returns the errno of its failure, or 0. Requires: it is done.
  [[nodiscard]] int outcome() const;
  // Returns the socket, which nobody watches any more.
  [[nodiscard]] Descriptor release();

 private:
  void on_change(loop::Poller::Readiness readiness) override {
    if (readiness.writable || readiness.hung_up) done_.notify_now();
  }

  loop::EventLoop& loop_;
  loop::Event done_;
  Descriptor socket_;
  bool watched_ = false;
};

int Attempt::start(const tcp::endpoint& peer) {
  const int family = peer.protocol().family();
  socket_ = Descriptor(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!socket_.is_open()) return errno;
  if (::connect(socket_.get(), peer.data(), static_cast<socklen_t>(peer.size())) != 0 &&
      errno != EINPROGRESS)
    return errno;
  watched_ = loop_.poller().add(socket_.get(), *this);
  return watched_ ? 0 : ENOMEM;
}

int Attempt::outcome() const {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

Descriptor Attempt::release() {
  if (std::exchange(watched_, false)) loop_.poller().remove(socket_.get(), *this);
  return std::move(socket_);
}

}  // namespace

std::string Endpoint::to_string() const { return format_host_port(address, port); }

bool is_ip_literal(std::string_view host) {
  boost::system::error_code error;
  asio::ip::make_address(without_brackets(host), error);
  return !error;
}

Task<Result<std::vector<Endpoint>>> resolve(loop::EventLoop& loop, std::string host,
                                            std::uint16_t port, TimePoint deadline,
                                            NameOf name_of) {
  if (is_ip_literal(host)) {
    co_return std::vector<Endpoint>{{std::string(without_brackets(host)), port}};
  }
  Found found;
  loop::Event done(loop);
  // Destroyed at the deadline, so that a look-up that has not begun does not hold up others.
  Task<void> lookup = look_up_apart(loop, host, port, name_of, found, done);
  lookup.start();
  const bool in_time = co_await done.wait(deadline);
  if (!in_time) {
    co_return fail(ErrorKind::timed_out, "looking up " + host + " took too long");
  }
  co_return std::move(*found);
}

Task<Result<std::unique_ptr<Stream>>> connect(loop::EventLoop& loop, Endpoint endpoint,
                                              TimePoint deadline) {
  boost::system::error_code no_literal;
  const auto address = asio::ip::make_address(endpoint.address, no_literal);
  if (no_literal)
    co_return fail(ErrorKind::invalid, "\"" + endpoint.address + "\" is not an IP address");
  const tcp::endpoint peer(address, endpoint.port);
  Attempt attempt(loop);
  int error = attempt.start(peer);
  if (error == 0) {
    const bool in_time = co_await attempt.done(deadline);
    error = in_time ? attempt.outcome() : ETIMEDOUT;
  }
  if (error == ETIMEDOUT) {
    co_return fail(ErrorKind::timed_out,
                   "connecting to " + endpoint.to_string() + " took too long");
  }
  if (error != 0) {
    co_return fail(is_own(error) ? ErrorKind::internal : ErrorKind::unavailable,
                   "cannot connect to " + endpoint.to_string() + ": " + errno_text(error));
  }
  Descriptor socket = attempt.release();
  constexpr int kOn = 1;
  (void)::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &kOn, sizeof kOn);
  auto stream = make_tcp_stream(loop, socket.release(), peer);
  if (!stream) co_return fail(ErrorKind::internal, "out of memory for a connection");
  co_return stream;
}

}  // namespace sluice::net
