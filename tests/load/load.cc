// SPDX-License-Identifier: Apache-2.0
#include "load.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace load {
namespace {

constexpr auto kLastAnswers = std::chrono::seconds(30);

std::string why(const char* what) {
  return std::string(what) + ": " + std::generic_category().message(errno);
}

}  // namespace

Load::Load(Target target, Users users, Tally& tally)
    : target_(std::move(target)),
      users_(std::move(users)),
      tally_(tally),
      poll_(::epoll_create1(EPOLL_CLOEXEC)) {}

void Load::open(unsigned connections) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(target_.port));
  ::inet_pton(AF_INET, target_.host.c_str(), &address.sin_addr);
  for (unsigned i = 0; i < connections; ++i) {
    auto connection =
        std::make_unique<Connection>(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int socket = connection->descriptor.get();
    sockaddr generic{};
    std::copy_n(reinterpret_cast<const char*>(&address), sizeof address,
                reinterpret_cast<char*>(&generic));
    if (::connect(socket, &generic, sizeof address) != 0) {
      tally_.failed(why("connect"));
      continue;
    }
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = connection.get();
    ::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, socket, &event);
    ++open_;
    connections_.push_back(std::move(connection));
  }
}

void Load::run(unsigned connections, Clock::time_point end_of_load,
               const volatile std::sig_atomic_t& stopped) {
  open(connections);
  for (auto& connection : connections_) send(*connection);
  std::array<epoll_event, 256> events;
  auto last_news = Clock::now();
  while (open_ > 0) {
    const int count = ::epoll_wait(poll_.get(), events.data(), events.size(), 20);
    for (int i = 0; i < count; ++i) receive(*static_cast<Connection*>(events[i].data.ptr));
    const auto now = Clock::now();
    if (count > 0) last_news = now;
    if (stopped != 0 || now >= end_of_load) users_.stop();
    if (now - last_news < kLastAnswers) continue;
    for (auto& connection : connections_) end(*connection, "no answer");
  }
}

std::string Load::name(std::uint64_t user) const {
  // An odd factor: still one name for each.
  const std::uint64_t number = target_.scatter ? user * 0x9E3779B97F4A7C15U : user;
  return target_.name_prefix + std::to_string(number);
}

void Load::send(Connection& connection) {
  const auto user = users_.next();
  if (!user) return end(connection, "");
  connection.user = *user;
  connection.was_in = tally_.knows(*user);
  request_ = "GET " + target_.path +
             " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: " + target_.name_prefix +
             std::to_string(*user) + "\r\n\r\n";
  connection.sent = Clock::now();
  const ssize_t sent =
      ::send(connection.descriptor.get(), request_.data(), request_.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(request_.size())) end(connection, why("send"));
}

void Load::receive(Connection& connection) {
  if (connection.done) return;
  std::array<char, 4096> buffer;
  const ssize_t size =
      ::recv(connection.descriptor.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size < 0) return end(connection, why("recv"));
  if (size == 0) return end(connection, "closed");
  connection.input.append(buffer.data(), static_cast<std::size_t>(size));
  take_answers(connection);
}

void Load::take_answers(Connection& connection) {
  const auto answer = parse_answer(connection.input);
  if (!answer) return;
  tally_.answer(connection.user, connection.was_in, answer->status, answer->body,
                Clock::now() - connection.sent);
  if (connection.input.size() != answer->size) return end(connection, "more than one answer");
  connection.input.clear();
  send(connection);
}

void Load::end(Connection& connection, const std::string& failure) {
  if (connection.done) return;
  connection.done = true;
  ::epoll_ctl(poll_.get(), EPOLL_CTL_DEL, connection.descriptor.get(), nullptr);
  ::shutdown(connection.descriptor.get(), SHUT_RDWR);
  --open_;
  if (!failure.empty()) tally_.failed(failure);
}

}  // namespace load
