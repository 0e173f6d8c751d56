// SPDX-License-Identifier: Apache-2.0
// The options of sluice-server: flag > environment > file > default.
//
// Options::each() is their only description. A key such as `api-addr` determines the flag
// (--api-addr) and the variable (EG_API_ADDR): flags.h. The configuration file, the completed
// configuration and the checks work as for every spec: config/fields.h. SIGHUP: options_update.h.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "config/fields.h"
#include "sluice-server/cluster_options.h"
#include "wasm/engine.h"

namespace sluice::server_program {

// The ways to give and to change an option.
struct OptionUse {
  bool live = false;       // SIGHUP puts a new value in force; otherwise a restart does
  bool file_only = false;  // no flag and no variable, because other users could read them
};

struct Options {
  std::string name = "eg-default-name";
  std::string api_addr = "localhost:2381";
  std::string health_addr;  // of probes alone; empty: they ask api_addr
  std::string home_dir = "./";
  std::string data_dir = "data";  // relative to home_dir, as is log_dir
  std::string log_dir = "log";
  std::string bind_address;  // of servers without one; empty: all
  ClusterOptions cluster;
  std::vector<std::string> initial_object_config_files;
  bool debug = false;
  bool disable_access_log = false;
  std::string log_output = "file";
  std::string log_socket;  // of the daemon; empty: where it listens by custom
  std::string log_format = "text";
  unsigned workers = 0;  // 0: one per processor
  std::uint32_t max_guests = wasm::kGuestsMaxDefault;
  std::string durability = "disk";
  bool require_store = false;
  bool accept_older_store = false;
  bool profiling = false;
  std::string memory_budget;  // empty: available memory / kMemoryShare
  Duration shutdown_delay{};
  Duration drain_timeout = std::chrono::seconds(30);
  Duration retire_timeout = std::chrono::minutes(10);
  // The access to the admin API.
  bool tls = false;
  std::string cert_file;
  std::string key_file;
  std::string client_ca_file;
  std::map<std::string, std::string> basic_auth;  // user -> password, or its hash
  std::map<std::string, std::string> api_tokens;  // name -> token, or "sha256:" and its hash
  std::vector<std::string> api_readers;

  // Every option: visit(key, member, rule, use). All other code derives from this list, so a new
  // option is a member above and an entry here.
  void each(auto& visit) {
    visit("name", name, {.format = config::Format::name, .doc = "name of this member"});
    visit("api-addr", api_addr,
          {.format = config::Format::host_port,
           .doc = "address of the admin API; what is not loopback needs TLS and credentials"});
    visit("health-addr", health_addr,
          {.format = config::Format::host_port,
           .doc = "address of /healthz and /readyz alone, for probes, without TLS; empty: none"});
    visit("home-dir", home_dir, {.min = 1, .doc = "folder that the other folders are relative to"});
    visit("data-dir", data_dir, {.min = 1, .doc = "folder of the objects and the shared data"});
    visit("log-dir", log_dir, {.doc = "folder of the logs; empty: standard error and output"});
    visit("bind-address", bind_address,
          {.doc = "IP address on which HTTPServers without an address listen; empty: all"});
    visit("initial-object-config-files", initial_object_config_files,
          {.doc = "YAML files of objects to create if their names are free"});
    visit("debug", debug, {.doc = "log more"}, {.live = true});
    visit("log-output", log_output,
          {.one_of = {"file", "syslog", "journald"},
           .doc = "where both logs go: files in log-dir, or the machine's log daemon"});
    visit("log-socket", log_socket,
          {.doc = "socket of the log daemon; empty: /dev/log, or /run/systemd/journal/socket"});
    visit("log-format", log_format,
          {.one_of = {"text", "json"},
           .doc = "lines of both logs; servers with accessLogFormat keep theirs"});
    visit("disable-access-log", disable_access_log, {.doc = "do not write the access log"});
    visit("durability", durability,
          {.one_of = {"disk", "process"},
           .doc = "what shared data outlives before anybody is told: disk (a power cut), or "
                  "process (kill -9, not a power cut)"});
    visit("require-store", require_store,
          {.doc = "do not start with an empty data-dir, as of a disk that is not mounted"});
    visit("accept-older-store", accept_older_store,
          {.doc = "start with less shared data than was told, once, after a loss"});
    visit("memory-budget", memory_budget,
          {.format = config::Format::memory_size,
           .doc = "what connections, requests and caches may hold together, as 512MiB; empty: half "
                  "of the memory that the process may have"});
    visit("profiling", profiling,
          {.doc = "admins may take CPU profiles of this process (egctl profile)"});
    visit("workers", workers, {.max = 1024, .doc = "event loops; 0: one per processor"});
    visit("max-guests", max_guests,
          {.min = 1,
           .max = wasm::kGuestsMaxHighest,
           .doc = "guests of all WasmHost filters together (the sum of their maxConcurrency)"});
    visit(
        "shutdown-delay", shutdown_delay,
        {.min = 0,
         .max = std::int64_t{3600} * 1'000'000'000,
         .doc = "how long a server that is stopped goes on serving while it is not ready, so that "
                "load balancers notice"},
        {.live = true});
    visit("drain-timeout", drain_timeout,
          {.min = 0, .doc = "how long requests in flight may take when the server is stopped"},
          {.live = true});
    visit(
        "retire-timeout", retire_timeout,
        {.min = 0, .doc = "how long connections may go on in the old process after a hot restart"},
        {.live = true});
    cluster.each(visit);
    each_of_admin(visit);
  }

  // The spec of the configuration file: see config/fields.h.
  void fields(auto& visit) {
    const auto without_use = [&visit]<class T>(std::string_view key, T& value,
                                               const config::Rule& rule,
                                               OptionUse = {}) { visit(key, value, rule); };
    each(without_use);
  }

  void validate(const std::string& path, config::Faults& faults) const;

  [[nodiscard]] std::string path_of(const std::string& folder) const;  // below home_dir

 private:
  void each_of_admin(auto& visit) {
    visit("tls", tls, {.doc = "the admin API speaks TLS; needs --cert-file and --key-file"},
          {.live = true});
    visit("cert-file", cert_file, {.doc = "its certificate with the chain, PEM"}, {.live = true});
    visit("key-file", key_file, {.doc = "the key of that, PEM without a passphrase"},
          {.live = true});
    visit("client-ca-file", client_ca_file,
          {.doc = "PEM bundle: callers of the admin API must show a certificate of one of these"},
          {.live = true});
    visit("basic-auth", basic_auth,
          {.secret = true, .doc = "user -> password, or what --hash-password makes of it"},
          {.live = true, .file_only = true});
    visit("api-tokens", api_tokens,
          {.secret = true, .doc = "name -> token, or sha256: and its SHA-256 in hex"},
          {.live = true, .file_only = true});
    visit("api-readers", api_readers,
          {.unique = true, .doc = "users, tokens and certificates that may only read"},
          {.live = true, .file_only = true});
  }
};

// The value of --memory-budget in bytes, at least kMemoryBudgetMin. If the option is empty, reads
// the system's files.
[[nodiscard]] std::uint64_t memory_budget(const Options& options);
inline constexpr std::uint64_t kMemoryBudgetMin = std::uint64_t{16} << 20;

// The options without secrets, for output to users.
[[nodiscard]] Json without_secrets(const Options& options);

}  // namespace sluice::server_program
