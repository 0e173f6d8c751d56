// SPDX-License-Identifier: Apache-2.0
// The floor of the comparison: answers every request head with the same 200, and does nothing else
// that an HTTP server has to do.   epoll_responder <port> <threads>
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

namespace {

constexpr std::string_view kResponse =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\nsold out.\n";

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

int listen_on(int port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) die("bind");
  if (listen(listener, 1024) != 0) die("listen");
  return listener;
}

void add(int poll, int descriptor) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = descriptor;
  if (epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event) != 0) die("epoll_ctl");
}

// False when the connection is over.
bool answer(int connection, std::string& unread) {
  char buffer[16384];
  const ssize_t size = read(connection, buffer, sizeof buffer);
  if (size <= 0) return false;
  unread.append(buffer, static_cast<std::size_t>(size));
  std::string out;
  std::size_t end = 0;
  while ((end = unread.find("\r\n\r\n")) != std::string::npos) {
    unread.erase(0, end + 4);
    out += kResponse;
  }
  return write(connection, out.data(), out.size()) == static_cast<ssize_t>(out.size());
}

void serve(int port) {
  const int listener = listen_on(port);
  const int poll = epoll_create1(0);
  add(poll, listener);
  std::unordered_map<int, std::string> connections;
  epoll_event events[64];
  while (true) {
    const int count = epoll_wait(poll, events, 64, -1);
    for (int i = 0; i < count; ++i) {
      const int descriptor = events[i].data.fd;
      if (descriptor == listener) {
        const int connection = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
        if (connection < 0) continue;
        const int on = 1;
        setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        connections[connection];
        add(poll, connection);
      } else if (!answer(descriptor, connections[descriptor])) {
        connections.erase(descriptor);
        close(descriptor);
      }
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: epoll_responder <port> <threads>\n");
    return 2;
  }
  std::vector<std::jthread> threads;
  for (int i = 0; i < std::atoi(argv[2]); ++i) threads.emplace_back(serve, std::atoi(argv[1]));
}
