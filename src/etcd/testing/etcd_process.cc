// SPDX-License-Identifier: Apache-2.0
#include "etcd/testing/etcd_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/descriptor.h"

namespace sluice::etcd::testing {
namespace {

std::string name_of(std::size_t member) { return "m" + std::to_string(member); }

// A port that is free now; etcd binds it soon.
int free_port(const std::string& address) {
  const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in name{};
  name.sin_family = AF_INET;
  ::inet_pton(AF_INET, address.c_str(), &name.sin_addr);
  socklen_t size = sizeof(name);
  auto* generic = reinterpret_cast<sockaddr*>(&name);
  if (::bind(socket.get(), generic, size) != 0) return 0;
  if (::getsockname(socket.get(), generic, &size) != 0) return 0;
  return ntohs(name.sin_port);
}

// Of this process and this member only, as far as 127.0.0.0/8 goes.
std::string own_address(std::size_t member) {
  const auto process = static_cast<unsigned>(::getpid());
  return "127." + std::to_string(64 + (process >> 14 & 63)) + '.' +
         std::to_string(process >> 6 & 255) + '.' +
         std::to_string((process & 63) * 4 + member % 3 + 1);
}

std::string find_program() {
  const char* chosen = std::getenv("SLUICE_ETCD");
  if (chosen != nullptr && *chosen != '\0') return chosen;
  const char* path = std::getenv("PATH");
  std::string rest = path != nullptr ? path : "";
  while (!rest.empty()) {
    const std::size_t end = rest.find(':');
    std::string candidate = rest.substr(0, end) + "/etcd";
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    rest = end == std::string::npos ? "" : rest.substr(end + 1);
  }
  return {};
}

// The folder is in memory if there is room, so a slow disk cannot delay a test. Synced data in it
// survive the SIGKILL of an etcd.
std::filesystem::path data_home() {
  constexpr std::uintmax_t kRoomMin = 2ULL << 30;
  std::error_code error;
  const auto room = std::filesystem::space("/dev/shm", error);
  if (!error && room.available >= kRoomMin) return "/dev/shm";
  return std::filesystem::temp_directory_path();
}

void write_file(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

}  // namespace

EtcdProcesses::EtcdProcesses(EtcdSetup setup) : setup_(std::move(setup)), program_(find_program()) {
  std::string pattern = data_home() / "sluice-etcd-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr || program_.empty()) {
    ADD_FAILURE() << "no etcd: run tools/install.sh test, or set SLUICE_ETCD";
    return;
  }
  directory_ = pattern;
  const bool secure = !setup_.certificate.empty();
  write_file(directory_ + "/certificate.pem", setup_.certificate);
  write_file(directory_ + "/key.pem", setup_.key);
  write_file(directory_ + "/clients.pem", setup_.client_authorities);
  for (std::size_t i = 0; i < setup_.members; ++i) {
    const std::string address = own_address(i);
    const std::string client = secure
                                   ? "https://localhost:" + std::to_string(free_port("127.0.0.1"))
                                   : "http://" + address + ':' + std::to_string(free_port(address));
    const std::string peer = "http://" + address + ':' + std::to_string(free_port(address));
    members_.push_back({client, peer});
  }
  for (std::size_t i = 0; i < members_.size(); ++i) start(i);
}

EtcdProcesses::~EtcdProcesses() {
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (members_[i].process > 0) signal(i, SIGKILL);
  }
  std::error_code ignored;
  if (!directory_.empty()) std::filesystem::remove_all(directory_, ignored);
}

std::vector<std::string> EtcdProcesses::endpoints() const {
  std::vector<std::string> urls;
  for (const Member& member : members_) urls.push_back(member.client_url);
  return urls;
}

std::vector<std::string> EtcdProcesses::command(std::size_t member) const {
  const Member& own = members_[member];
  std::string cluster;
  for (std::size_t i = 0; i < members_.size(); ++i)
    cluster += (i > 0 ? "," : "") + name_of(i) + '=' + members_[i].peer_url;
  const bool secure = !setup_.certificate.empty();
  std::string listen = own.client_url;
  if (secure) listen.replace(listen.find("localhost"), 9, "127.0.0.1");
  std::vector<std::string> words{program_,
                                 "--name=" + name_of(member),
                                 "--data-dir=" + directory_ + '/' + name_of(member),
                                 "--listen-client-urls=" + listen,
                                 "--advertise-client-urls=" + own.client_url,
                                 "--listen-peer-urls=" + own.peer_url,
                                 "--initial-advertise-peer-urls=" + own.peer_url,
                                 "--initial-cluster=" + cluster,
                                 "--initial-cluster-state=new",
                                 "--heartbeat-interval=100",
                                 "--election-timeout=1000",
                                 "--logger=zap"};
  if (secure) {
    words.push_back("--cert-file=" + directory_ + "/certificate.pem");
    words.push_back("--key-file=" + directory_ + "/key.pem");
  }
  if (!setup_.client_authorities.empty()) {
    words.push_back("--trusted-ca-file=" + directory_ + "/clients.pem");
    words.emplace_back("--client-cert-auth");
  }
  words.insert(words.end(), setup_.flags.begin(), setup_.flags.end());
  return words;
}

void EtcdProcesses::start(std::size_t member) {
  std::vector<std::string> words = command(member);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const std::string log = directory_ + '/' + name_of(member) + ".log";
  const Descriptor output(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  const pid_t parent = ::getpid();
  const pid_t process = ::fork();
  if (process == 0) {  // only functions that are safe between fork and exec
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    ::dup2(output.get(), STDOUT_FILENO);
    ::dup2(output.get(), STDERR_FILENO);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  members_[member].process = process;
}

void EtcdProcesses::signal(std::size_t member, int number) {
  pid_t& process = members_[member].process;
  if (process <= 0) return;
  ::kill(process, number);
  if (number == SIGSTOP) ::waitpid(process, nullptr, WUNTRACED);
  if (number == SIGKILL) {
    ::waitpid(process, nullptr, 0);
    process = 0;
  }
}

std::string EtcdProcesses::control(std::string_view arguments) const {
  std::string list;
  for (const Member& member : members_) list += (list.empty() ? "" : ",") + member.client_url;
  const std::string line =
      "ETCDCTL_API=3 etcdctl --endpoints=" + list + ' ' + std::string(arguments) + " 2>&1";
  FILE* pipe = ::popen(line.c_str(), "r");
  if (pipe == nullptr) return {};
  std::string out;
  std::array<char, 4096> buffer{};
  while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe))
    out.append(buffer.data(), count);
  const bool good = ::pclose(pipe) == 0;
  EXPECT_TRUE(good) << line << '\n' << out;
  return good ? out : "";
}

std::string EtcdProcesses::log(std::size_t member) const {
  std::ifstream file(directory_ + '/' + name_of(member) + ".log");
  std::string text(std::istreambuf_iterator<char>(file), {});
  constexpr std::size_t kShown = 3000;
  return text.size() > kShown ? text.substr(text.size() - kShown) : text;
}

}  // namespace sluice::etcd::testing
