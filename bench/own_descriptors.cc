// SPDX-License-Identifier: Apache-2.0
// For bench/idle.py, preloaded into the server where a process may not have as many descriptors as
// connections are wanted: a worker's thread gets a table of descriptors of its own, with a limit of
// its own, before it accepts its first connection on the port SLUICE_IDLE_PORT. This is sound only
// because workers share no descriptor that is opened later; nothing but a measurement needs it.
#include <arpa/inet.h>
#include <dlfcn.h>
#include <sched.h>
#include <sys/socket.h>

#include <cstdio>
#include <cstdlib>

namespace {

bool is_measured_port(int listener) {
  const char* const wanted = std::getenv("SLUICE_IDLE_PORT");
  sockaddr_in6 where{};  // the port stands where sockaddr_in has it
  socklen_t size = sizeof where;
  if (wanted == nullptr || getsockname(listener, reinterpret_cast<sockaddr*>(&where), &size) != 0)
    return false;
  return ntohs(where.sin6_port) == std::atoi(wanted);
}

}  // namespace

extern "C" int accept4(int listener, sockaddr* peer, socklen_t* size, int flags) {
  using Accept = int (*)(int, sockaddr*, socklen_t*, int);
  static const auto real = reinterpret_cast<Accept>(dlsym(RTLD_NEXT, "accept4"));
  thread_local bool apart = false;
  if (!apart && is_measured_port(listener)) {
    apart = unshare(CLONE_FILES) == 0;
    if (!apart) std::perror("unshare");
  }
  return real(listener, peer, size, flags);
}
