// SPDX-License-Identifier: Apache-2.0
// For tests: real etcd members on addresses of 127.0.0.0/8 that no other test uses, in a temporary
// directory. The program is $SLUICE_ETCD, or `etcd` of PATH. It dies with the test.
#pragma once

#include <sys/types.h>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::etcd::testing {

struct EtcdSetup {
  std::size_t members = 1;
  std::vector<std::string> flags{};  // for each member
  // PEM texts; with a certificate, members serve https on `localhost`.
  std::string certificate{};
  std::string key{};
  std::string client_authorities{};  // not empty: clients show a certificate
};

class EtcdProcesses {
 public:
  // Starts all members. Fails the test if that is impossible, and after that does nothing.
  // Requires: the thread that starts a member outlives it: the member dies with the thread.
  explicit EtcdProcesses(EtcdSetup setup = {});
  ~EtcdProcesses();
  EtcdProcesses(const EtcdProcesses&) = delete;
  EtcdProcesses& operator=(const EtcdProcesses&) = delete;

  [[nodiscard]] std::vector<std::string> endpoints() const;
  // Sends a signal: SIGKILL (and waits for the end), SIGSTOP, SIGCONT.
  void signal(std::size_t member, int number);
  // Starts a member that was killed, with its data.
  void start(std::size_t member);
  // Runs etcdctl against all members and returns what it prints; "" if it fails.
  std::string control(std::string_view arguments) const;
  // The end of a member's log, for messages.
  [[nodiscard]] std::string log(std::size_t member) const;

 private:
  struct Member {
    std::string client_url;
    std::string peer_url;
    pid_t process = 0;
  };
  [[nodiscard]] std::vector<std::string> command(std::size_t member) const;

  EtcdSetup setup_;
  std::string program_;
  std::string directory_;
  std::vector<Member> members_;
};

}  // namespace sluice::etcd::testing
