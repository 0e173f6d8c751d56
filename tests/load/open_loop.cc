// SPDX-License-Identifier: Apache-2.0
#include "open_loop.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <system_error>

namespace load {
namespace {

using namespace std::chrono_literals;

// Requests sent in a row before answers are read.
constexpr int kIssuedAtOnceMax = 64;
constexpr Clock::duration kLongestWait = 10ms;
constexpr std::uint32_t kFirstSource = (127U << 24) + (1U << 8) + 1;  // 127.0.1.1

Clock::duration seconds(double count) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(count));
}

sockaddr address_of(std::uint32_t host, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(host);
  return std::bit_cast<sockaddr>(address);
}

void switch_on(int socket, int level, int option) {
  const int on = 1;
  ::setsockopt(socket, level, option, &on, sizeof on);
}

}  // namespace

OpenLoop::OpenLoop(OpenLoopOptions options, Schedule schedule, People people)
    : options_(std::move(options)),
      patience_(seconds(options_.patience)),
      schedule_(std::move(schedule)),
      people_(std::move(people)),
      outcomes_(seconds(options_.deadline)),
      random_(options_.seed),
      poll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (poll_.get() < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  for (std::size_t i = 0; i < options_.sockets; ++i) {
    slots_.push_back(std::make_unique<Slot>());
    closed_.push_back(options_.sockets - 1 - i);
  }
}

void OpenLoop::run(const volatile std::sig_atomic_t& stopped) {
  begin_ = Clock::now();
  while (true) {
    const bool over = stopped != 0 || !schedule_.next();
    if (over && !busy()) return;
    if (!over) issue(now());
    expire();
    serve_queue();
    wait_for_events();
  }
}

// What is due by `until`, a bounded number at once.
void OpenLoop::issue(Clock::duration until) {
  for (int i = 0; i < kIssuedAtOnceMax; ++i) {
    const auto due = schedule_.next();
    if (!due || *due > until) return;
    const People::Person person = people_.next();
    const bool fresh = std::uniform_real_distribution<>()(random_) < options_.new_share;
    const Request request{person.number, person.known, fresh, *due};
    outcomes_.lag(until - *due);
    schedule_.advance();
    if (queue_.empty() && place(request)) continue;
    if (options_.waits) {
      queue_.push_back(request);
    } else {
      outcomes_.add(request.known, Outcome::no_socket, request.due, until - request.due);
    }
  }
}

void OpenLoop::serve_queue() {
  const auto at = now();
  while (!queue_.empty()) {
    const Request& request = queue_.front();
    if (at - request.due >= patience_) {
      outcomes_.add(request.known, Outcome::no_socket, request.due, at - request.due);
    } else if (!place(request)) {
      return;
    }
    queue_.pop_front();
  }
}

// False: no socket is free.
bool OpenLoop::place(const Request& request) {
  while (!idle_.empty() && slots_[idle_.back()]->state != State::idle) idle_.pop_back();
  std::size_t index = 0;
  if (!request.fresh && !idle_.empty()) {
    index = idle_.back();
    idle_.pop_back();
  } else if (!closed_.empty()) {
    index = closed_.back();
    closed_.pop_back();
  } else if (!idle_.empty()) {  // a fresh one takes a kept one's socket
    index = idle_.back();
    idle_.pop_back();
    slots_[index]->descriptor.reset();
    slots_[index]->state = State::closed;
  } else {
    return false;
  }
  Slot& slot = *slots_[index];
  slot.request = request;
  ++slot.turn;
  ++waiting_;
  timeouts_.push_back({index, slot.turn, request.due + patience_});
  slot.state == State::idle ? send(index) : connect(index);
  return true;
}

void OpenLoop::connect(std::size_t index) {
  Slot& slot = *slots_[index];
  slot.input.clear();
  slot.descriptor.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int socket = slot.descriptor.get();
  switch_on(socket, IPPROTO_TCP, TCP_NODELAY);
  if (options_.sources > 1) {
    switch_on(socket, SOL_SOCKET, SO_REUSEADDR);
    switch_on(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
    const auto source = static_cast<std::uint32_t>(connections_ % options_.sources);
    const sockaddr from = address_of(kFirstSource + source, 0);
    (void)::bind(socket, &from, sizeof from);
  }
  ++connections_;
  slot.state = State::connecting;
  const sockaddr to = address_of(ntohl(::inet_addr(options_.host.c_str())), options_.port);
  if (::connect(socket, &to, sizeof to) != 0 && errno != EINPROGRESS)
    return finish(index, Outcome::refused);
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.u64 = index;
  if (::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, socket, &event) != 0) finish(index, Outcome::refused);
}

void OpenLoop::send(std::size_t index) {
  Slot& slot = *slots_[index];
  slot.state = State::waiting;
  text_ = "GET " + options_.path +
          " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: " + options_.name_prefix +
          std::to_string(slot.request.user) +
          (slot.request.fresh ? "\r\nConnection: close\r\n\r\n" : "\r\n\r\n");
  const ssize_t sent = ::send(slot.descriptor.get(), text_.data(), text_.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(text_.size())) finish(index, Outcome::reset);
}

void OpenLoop::on_event(std::size_t index, std::uint32_t events) {
  Slot& slot = *slots_[index];
  if (slot.state == State::closed) return;
  if (slot.state == State::connecting) {
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) return finish(index, Outcome::refused);
    if ((events & EPOLLOUT) == 0) return;
    send(index);
    events &= ~static_cast<std::uint32_t>(EPOLLOUT);
  }
  if (slot.state == State::waiting && (events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0)
    receive(index);
  const bool over = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  if (over && (slot.state == State::idle || slot.state == State::ending)) close(index);
}

void OpenLoop::receive(std::size_t index) {
  Slot& slot = *slots_[index];
  std::array<char, 4096> buffer;
  while (slot.state == State::waiting) {
    const ssize_t size = ::recv(slot.descriptor.get(), buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) return finish(index, Outcome::reset);
    slot.input.append(buffer.data(), static_cast<std::size_t>(size));
    const auto answer = parse_answer(slot.input);
    if (!answer) continue;
    const Outcome outcome =
        outcome_of({answer->status, answer->retry_after, answer->body}, options_.bodies);
    const bool whole = slot.input.size() == answer->size;
    const bool closes = answer->closes;
    slot.input.clear();
    waiting_ -= 1;
    outcomes_.add(slot.request.known, outcome, slot.request.due, now() - slot.request.due);
    if (outcome == Outcome::no && people_.is_in(slot.request.user)) ++turned_away_;
    if (outcome == Outcome::yes) people_.told_yes(slot.request.user);
    if (!whole) return close(index);
    slot.state = closes ? State::ending : State::idle;  // the server closes first
    if (!closes) idle_.push_back(index);
  }
}

// No answer: the connection goes, too.
void OpenLoop::finish(std::size_t index, Outcome outcome) {
  const Request& request = slots_[index]->request;
  --waiting_;
  outcomes_.add(request.known, outcome, request.due, now() - request.due);
  close(index);
}

void OpenLoop::close(std::size_t index) {
  Slot& slot = *slots_[index];
  slot.descriptor.reset();
  slot.state = State::closed;
  closed_.push_back(index);
}

void OpenLoop::expire() {
  const auto at = now();
  while (!timeouts_.empty() && timeouts_.front().at <= at) {
    const Timeout timeout = timeouts_.front();
    timeouts_.pop_front();
    const Slot& slot = *slots_[timeout.slot];
    const bool pending = slot.state == State::connecting || slot.state == State::waiting;
    if (pending && slot.turn == timeout.turn) finish(timeout.slot, Outcome::timed_out);
  }
}

void OpenLoop::wait_for_events() {
  Clock::duration wait = kLongestWait;
  if (const auto due = schedule_.next()) wait = std::clamp(*due - now(), Clock::duration(), wait);
  const timespec timeout{0, static_cast<long>(wait.count())};
  std::array<epoll_event, 128> events;
  const int count = ::epoll_pwait2(poll_.get(), events.data(), events.size(), &timeout, nullptr);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    on_event(static_cast<std::size_t>(event.data.u64), event.events);
  }
}

nlohmann::json OpenLoop::report() const {
  nlohmann::json out = outcomes_.report();
  out["turned_away"] = turned_away_;
  out["let_in"] = people_.let_in().size();
  out["connections"] = connections_;
  out["seconds_planned"] = schedule_.seconds();
  return out;
}

}  // namespace load
