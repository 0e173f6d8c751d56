// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/process.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include "base/descriptor.h"
#include "base/file.h"
#include "base/text.h"

namespace sluice::server_program {

Result<void> make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    return fail(ErrorKind::internal,
                "the folder " + folder.string() + " cannot be made: " + error.message());
  return {};
}

pid_t read_pid(const std::filesystem::path& path) {
  constexpr std::size_t kFileBytesMax = 64;
  const auto text = read_file(path.string(), kFileBytesMax);
  return text ? to_number<pid_t>(trim_space(*text)).value_or(0) : 0;
}

namespace {

// Whether the thread blocks `signal`, from /proc/<pid>/task/<thread>/status. A thread in sigwait(2)
// does not block the signals that it waits for.
bool blocks(const std::filesystem::path& thread, int signal) {
  constexpr std::size_t kFileBytesMax = std::size_t{64} << 10;
  const std::string text = read_file((thread / "status").string(), kFileBytesMax).value_or("");
  for (std::string_view rest = text; !rest.empty();) {
    std::string_view value = take_until(rest, '\n');
    const std::string_view key = take_until(value, ':');
    if (key == "State" && value.find_first_of("ZX") != value.npos) return false;
    if (key != "SigBlk") continue;
    return (to_number<std::uint64_t>(trim_ows(value), 16).value_or(0) >> (signal - 1) & 1) != 0;
  }
  return false;
}

}  // namespace

bool waits_for(pid_t pid, int signal) {
  std::error_code gone;
  for (std::filesystem::directory_iterator threads("/proc/" + std::to_string(pid) + "/task", gone);
       !gone && threads != std::filesystem::directory_iterator(); threads.increment(gone)) {
    if (blocks(threads->path(), signal)) return true;
  }
  return false;
}

void notify_service_manager(const std::string& state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  if (path == nullptr || std::strlen(path) >= sizeof where.sun_path) return;
  std::strcpy(where.sun_path, path);
  if (where.sun_path[0] == '@') where.sun_path[0] = '\0';  // an abstract name
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(path));
  const Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) return;
  ::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL,
           reinterpret_cast<sockaddr*>(&where), size);
}

Result<PidFile> PidFile::write(const std::filesystem::path& path) {
  // Scripts of other users read it. After a crash nobody needs it.
  if (!replace_file(path.string(), std::to_string(getpid()) + "\n", {.mode = 0644, .sync = false}))
    return fail(ErrorKind::internal, path.string() + " cannot be written; check --home-dir");
  return PidFile(path);
}

// Keeps the file if the successor process has written its own pid.
PidFile::~PidFile() {
  if (path_.empty() || read_pid(path_) != getpid()) return;
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

std::uint64_t raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const rlim_t before = std::exchange(limit.rlim_cur, limit.rlim_max);
  return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_max : before;
}

std::string scarce_descriptors(std::uint64_t limit, std::uint64_t connections_max) {
  if (limit > connections_max) return "";
  return std::to_string(limit) + " file descriptors are fewer than a server's maxConnections (" +
         std::to_string(connections_max) +
         " by default), and the admin API needs some as well: raise LimitNOFILE (ulimit -n), or "
         "lower maxConnections";
}

Signals::Signals() {
  sigemptyset(&set_);
  sigaddset(&set_, SIGTERM);
  sigaddset(&set_, SIGINT);
  sigaddset(&set_, SIGHUP);
  sigaddset(&set_, SIGUSR2);
  pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

int Signals::wait() const {
  int signal = 0;
  while (sigwait(&set_, &signal) != 0) {
  }
  return signal;
}

int Signals::poll() const {
  const timespec now{};
  return std::max(sigtimedwait(&set_, nullptr, &now), 0);
}

bool Signals::end_is_asked() const {
  sigset_t waiting{};
  sigpending(&waiting);
  return sigismember(&waiting, SIGTERM) == 1 || sigismember(&waiting, SIGINT) == 1;
}

namespace {

void handle_ends(void (*handler)(int, siginfo_t*, void*)) {
  struct sigaction now {};
  now.sa_flags = SA_SIGINFO;
  now.sa_sigaction = handler;
  sigaction(SIGTERM, &now, nullptr);
  sigaction(SIGINT, &now, nullptr);
}

void on_second_end(int, siginfo_t* info, void*) {
  if (info->si_code != SI_QUEUE) _exit(255);
}

void on_first_end(int, siginfo_t* info, void*) {
  if (info->si_code != SI_QUEUE) handle_ends(on_second_end);
}

}  // namespace

void Signals::second_one_kills(bool first_came) const {
  handle_ends(first_came ? on_second_end : on_first_end);
  sigset_t both{};
  sigemptyset(&both);
  sigaddset(&both, SIGTERM);
  sigaddset(&both, SIGINT);
  pthread_sigmask(SIG_UNBLOCK, &both, nullptr);
}

}  // namespace sluice::server_program
