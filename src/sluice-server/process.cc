// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/process.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

namespace sluice::server_program {

Result<void> make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    return fail(ErrorKind::internal,
                "the folder " + folder.string() + " cannot be made: " + error.message());
  return {};
}

Result<PidFile> PidFile::write(const std::filesystem::path& path) {
  std::ofstream file(path, std::ios::trunc);
  file << getpid() << '\n';
  file.close();
  if (!file)
    return fail(ErrorKind::internal, path.string() + " cannot be written; check --home-dir");
  return PidFile(path);
}

PidFile::~PidFile() {
  if (path_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

Signals::Signals() {
  sigemptyset(&set_);
  sigaddset(&set_, SIGTERM);
  sigaddset(&set_, SIGINT);
  sigaddset(&set_, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

int Signals::wait() const {
  int signal = 0;
  while (sigwait(&set_, &signal) != 0) {
  }
  return signal;
}

void Signals::second_one_kills() const {
  struct sigaction now {};
  now.sa_handler = [](int) { _exit(255); };
  sigaction(SIGTERM, &now, nullptr);
  sigaction(SIGINT, &now, nullptr);
  sigset_t both{};
  sigemptyset(&both);
  sigaddset(&both, SIGTERM);
  sigaddset(&both, SIGINT);
  pthread_sigmask(SIG_UNBLOCK, &both, nullptr);
}

}  // namespace sluice::server_program
