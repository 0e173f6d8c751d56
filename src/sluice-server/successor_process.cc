// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/successor_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "net/memory_file.h"
#include "sluice-server/hand_over.h"

extern char** environ;

namespace sluice::server_program {
namespace {

constexpr std::chrono::seconds kReadyTimeout{60};
constexpr std::chrono::seconds kServingTimeout{300};  // for reading a large store
constexpr int kTheirEnd = 3;

// The actions and attributes of posix_spawn() for the child.
class SpawnPlan {
 public:
  explicit SpawnPlan(int channel) {
    posix_spawn_file_actions_init(&actions_);
    // Duplicated, because exec would close the original descriptor.
    posix_spawn_file_actions_adddup2(&actions_, channel, kTheirEnd);
    // Closes the other descriptors, because libraries open files and connections without O_CLOEXEC.
    // A backend would otherwise see a connection end only when both processes have closed it.
    posix_spawn_file_actions_addclosefrom_np(&actions_, kTheirEnd + 1);
    posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes_, &none);
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes_, &defaults);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  Result<pid_t> run(const std::string& path, const std::vector<std::string>& arguments) {
    std::vector<std::string> words = arguments;
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    std::string variable = std::string(kPredecessorVariable) + "=" + std::to_string(kTheirEnd);
    std::vector<char*> environment;
    for (char** entry = environ; *entry != nullptr; ++entry) environment.push_back(*entry);
    environment.push_back(variable.data());
    environment.push_back(nullptr);
    pid_t pid = -1;
    const int error =
        ::posix_spawn(&pid, path.c_str(), &actions_, &attributes_, argv.data(), environment.data());
    if (error == 0) return pid;
    return fail(ErrorKind::internal, path + " cannot be started: " + std::strerror(error));
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace

Result<SuccessorProcess> SuccessorProcess::start(const Program& program, const std::string& path,
                                                 const std::function<bool()>& given_up) {
  SLUICE_TRY(auto ends, net::DescriptorChannel::make_pair());
  // dup2() of a descriptor onto itself would keep FD_CLOEXEC, and exec would close it.
  if (ends.second.get() == kTheirEnd) ::fcntl(ends.second.get(), F_SETFD, 0);
  SLUICE_TRY(const pid_t pid, SpawnPlan(ends.second.get()).run(path, program.arguments));
  SuccessorProcess process(std::make_shared<net::DescriptorChannel>(std::move(ends.first)), pid);
  ends.second = Descriptor();
  SLUICE_CHECK(process.expect("ready", kReadyTimeout, given_up));
  return process;
}

Result<void> SuccessorProcess::expect(std::string_view word, Duration patience,
                                      const std::function<bool()>& given_up) {
  constexpr std::chrono::milliseconds kLook{10};
  const TimePoint deadline = Clock::now() + patience;
  auto message = channel_->receive(Clock::now() + kLook);
  while (!message && message.error().kind == ErrorKind::timed_out && Clock::now() < deadline) {
    if (given_up()) {
      message = fail(ErrorKind::closed, "it is asked to stop");
    } else {
      message = channel_->receive(Clock::now() + kLook);
    }
  }
  if (message && *message && (*message)->text == word) return {};
  end();
  if (!message) return std::unexpected(message.error());
  if (!*message) return fail(ErrorKind::closed, "it has ended; standard error says more");
  return fail(ErrorKind::internal, (*message)->text);
}

void SuccessorProcess::end() const {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

Result<void> SuccessorProcess::send(const Json& text, std::span<const int> descriptors) const {
  return channel_->send(text.dump(), descriptors, Clock::now() + kSendTimeout);
}

Result<void> SuccessorProcess::send_all(const Estate& estate) const {
  for (const auto& open : estate.ports) {
    std::span<const int> left(open.descriptors);
    while (!left.empty()) {
      const auto part = left.first(std::min(left.size(), net::DescriptorChannel::kDescriptorsMax));
      SLUICE_CHECK(send({{"address", open.address}, {"port", open.port}}, part));
      left = left.subspan(part.size());
    }
  }
  // An earlier version takes the first descriptor only.
  const std::array<int, 2> admin{estate.admin, estate.health};
  const bool probes = estate.health >= 0;
  SLUICE_CHECK(send({{"admin", estate.admin_address}, {"health", estate.health_address}},
                    std::span(admin).first(probes ? 2 : 1)));
  const Json end{{"data", estate.data_dir}, {"store", estate.store}};
  if (estate.objects.is_null()) return send(end, {});
  const std::string objects = estate.objects.dump(-1, ' ', false, Json::error_handler_t::replace);
  SLUICE_TRY(const auto file, net::write_memory_file(objects));
  const std::array<int, 1> one{file.get()};
  return send(end, one);
}

Result<void> SuccessorProcess::give_sockets(const Estate& estate,
                                            const std::function<bool()>& given_up) {
  if (auto sent = send_all(estate); !sent) {
    end();
    return sent;
  }
  return expect("agreed", kReadyTimeout, given_up);
}

Result<void> SuccessorProcess::send_store(const Json& knowledge) const {
  const std::string text = knowledge.dump(-1, ' ', false, Json::error_handler_t::replace);
  SLUICE_TRY(const auto file, net::write_memory_file(text));
  const std::array<int, 1> one{file.get()};
  return channel_->send("store", one, Clock::now() + kSendTimeout);
}

void SuccessorProcess::ask_to_stop() const { ::sigqueue(pid_, SIGTERM, sigval{}); }

Result<void> SuccessorProcess::give_store(const Json& knowledge,
                                          const std::function<void()>& look) {
  look();
  if (auto sent = send_store(knowledge); !sent) {
    end();
    return sent;
  }
  return expect("serving", kServingTimeout, [&look] {
    look();
    return false;
  });
}

}  // namespace sluice::server_program
