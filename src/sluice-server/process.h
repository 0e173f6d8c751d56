// SPDX-License-Identifier: Apache-2.0
// The process around the gateway: folders, the pid file, signals.
#pragma once

#include <csignal>
#include <filesystem>
#include <string>

#include "base/result.h"

namespace sluice::server_program {

// Creates the folder if it is absent. Errors name it.
[[nodiscard]] Result<void> make_folder(const std::filesystem::path& folder);

// The pid in a pid file; 0 if there is none.
[[nodiscard]] pid_t read_pid(const std::filesystem::path& path);

// Whether the process is alive and a Signals in it waits for `signal`, so that the signal does not
// end the process. A pid file survives a kill -9, and its pid may belong to another program by
// then.
[[nodiscard]] bool waits_for(pid_t pid, int signal);

// Notifies systemd (sd_notify(3), Type=notify) if it has started this process.
void notify_service_manager(const std::string& state);

// The file <home>/sluice.pid, while the process lives.
class PidFile {
 public:
  [[nodiscard]] static Result<PidFile> write(const std::filesystem::path& path);
  PidFile(PidFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  PidFile& operator=(PidFile&&) = delete;
  ~PidFile();

 private:
  explicit PidFile(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

// Raises the limit of open files, and so of connections, to the system's maximum, and returns it.
std::uint64_t raise_file_limit();
// The warning of a limit that so many connections reach; "": there are enough.
[[nodiscard]] std::string scarce_descriptors(std::uint64_t limit, std::uint64_t connections_max);

// Blocks the signals below in this thread and all threads that it starts. Requires: constructed
// before the first other thread.
class Signals {
 public:
  Signals();
  // Waits for SIGTERM, SIGINT, SIGHUP or SIGUSR2.
  [[nodiscard]] int wait() const;
  // Takes a pending signal; 0 if no signal is pending.
  [[nodiscard]] int poll() const;
  // Whether SIGTERM or SIGINT is pending. The signal stays pending.
  [[nodiscard]] bool end_is_asked() const;
  // From now on a second SIGTERM or SIGINT ends the process at once with exit code 255.
  // `first_came`: wait() or poll() has returned the first one. A signal from
  // SuccessorProcess::ask_to_stop() does not count.
  void second_one_kills(bool first_came) const;

 private:
  sigset_t set_{};
};

}  // namespace sluice::server_program
