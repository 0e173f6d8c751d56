// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/say.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <string_view>

namespace sluice::server_program {

// A pipe that poll() calls writable has room for PIPE_BUF bytes (pipe(7)).
void say(std::string text) {
  text += '\n';
  for (std::string_view left = text; !left.empty();) {
    pollfd target{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
    if (::poll(&target, 1, 0) != 1 || (target.revents & POLLOUT) == 0) return;
    const std::size_t size = std::min<std::size_t>(left.size(), PIPE_BUF);
    const ssize_t written = ::write(STDERR_FILENO, left.data(), size);
    if (written <= 0) return;
    left.remove_prefix(static_cast<std::size_t>(written));
  }
}

void say_error(const std::string& message, const std::vector<std::string>& details) {
  say("sluice-server: " + message);
  for (const std::string& line : details) say("  " + line);
}

}  // namespace sluice::server_program
