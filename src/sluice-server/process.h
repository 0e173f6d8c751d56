// SPDX-License-Identifier: Apache-2.0
// The process around the gateway: folders, the pid file, signals.
#pragma once

#include <csignal>
#include <filesystem>
#include <string>

#include "base/result.h"

namespace sluice::server_program {

// Creates the folder if it is absent. The error names it.
[[nodiscard]] Result<void> make_folder(const std::filesystem::path& folder);

// The number in a pid file; 0 if there is none.
[[nodiscard]] pid_t read_pid(const std::filesystem::path& path);

// Whether the process is alive and waits for `signal` as a Signals does, so that the signal does
// not end it. A pid file outlives a kill -9, and its number may belong to another program by then.
[[nodiscard]] bool waits_for(pid_t pid, int signal);

// Tells systemd (sd_notify(3), Type=notify), if that has started this process.
void notify_service_manager(const std::string& state);

// <home>/sluice.pid, for as long as the process lives.
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

// As many open files, and so connections, as the system allows this process.
void raise_file_limit();

// Blocks the signals below in this thread and all it starts; make it before the first thread.
class Signals {
 public:
  Signals();
  // Waits for SIGTERM, SIGINT, SIGHUP or SIGUSR2.
  [[nodiscard]] int wait() const;
  // The one that waits; 0 if none does.
  [[nodiscard]] int poll() const;
  // Whether SIGTERM or SIGINT waits; it goes on to.
  [[nodiscard]] bool end_is_asked() const;
  // From now on a second SIGTERM or SIGINT ends the process at once with exit code 255; not one
  // that SuccessorProcess::ask_to_stop() hands on.
  void second_one_kills() const;

 private:
  sigset_t set_{};
};

}  // namespace sluice::server_program
