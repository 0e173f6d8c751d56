// SPDX-License-Identifier: Apache-2.0
// The options of sluice-server: flag > environment (EG_…) > file > default.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "config/fields.h"
#include "wasm/engine.h"

namespace sluice::server_program {

struct Options {
  std::string name = "eg-default-name";
  std::string api_addr = "localhost:2381";
  std::string home_dir = "./";
  std::string data_dir = "data";  // relative to home_dir, as is log_dir
  std::string log_dir = "log";
  std::vector<std::string> initial_object_config_files;
  bool debug = false;
  bool disable_access_log = false;
  unsigned workers = 0;  // 0: one per processor
  std::uint32_t max_guests = wasm::kGuestsMaxDefault;
  std::string durability = "disk";
  bool require_store = false;
  bool accept_older_store = false;
  std::string memory_budget;  // empty: kMemoryShare of what is available
  Duration drain_timeout = std::chrono::seconds(30);
  Duration retire_timeout = std::chrono::minutes(10);
  // Of the admin API.
  bool tls = false;
  std::string cert_file;
  std::string key_file;
  std::string client_ca_file;
  std::map<std::string, std::string> basic_auth;  // user -> password, or its hash
  std::map<std::string, std::string> api_tokens;  // name -> token, or "sha256:" and its hash
  std::vector<std::string> api_readers;

  // The names in the configuration file; the flags are the same with "--".
  void fields(auto& visit) {
    visit("name", name, {.format = config::Format::name, .doc = "name of this member"});
    visit("api-addr", api_addr,
          {.format = config::Format::host_port, .doc = "address of the admin API"});
    visit("home-dir", home_dir, {.min = 1, .doc = "folder that the other folders are relative to"});
    visit("data-dir", data_dir, {.min = 1, .doc = "folder of the objects and the shared data"});
    visit("log-dir", log_dir, {.doc = "folder of the logs; empty: standard error and output"});
    visit("initial-object-config-files", initial_object_config_files,
          {.doc = "YAML files of objects to create if their names are free"});
    visit("debug", debug, {.doc = "log more"});
    visit("disable-access-log", disable_access_log, {.doc = "do not write the access log"});
    visit("durability", durability,
          {.one_of = {"disk", "process"},
           .doc = "what shared data outlives before it is told: a power cut, or the process only"});
    visit("require-store", require_store,
          {.doc = "do not start with an empty data-dir, as of a disk that is not mounted"});
    visit("accept-older-store", accept_older_store,
          {.doc = "start with less shared data than was told, once, after a loss"});
    visit("memory-budget", memory_budget,
          {.format = config::Format::memory_size,
           .doc = "what connections, requests and caches may hold together; empty: half of the "
                  "memory that the process may have"});
    visit("workers", workers, {.max = 1024, .doc = "event loops; 0: one per processor"});
    visit("max-guests", max_guests,
          {.min = 1,
           .max = wasm::kGuestsMaxHighest,
           .doc = "guests of all WasmHost filters together (the sum of their maxConcurrency)"});
    visit("drain-timeout", drain_timeout,
          {.min = 0, .doc = "how long requests in flight may take when the server is stopped"});
    visit(
        "retire-timeout", retire_timeout,
        {.min = 0, .doc = "how long connections may go on in the old process after a hot restart"});
    visit("tls", tls, {.doc = "the admin API speaks TLS; needs cert-file and key-file"});
    visit("cert-file", cert_file, {.doc = "its certificate with the chain, PEM"});
    visit("key-file", key_file, {.doc = "the key of that, PEM without a passphrase"});
    visit("client-ca-file", client_ca_file,
          {.doc = "PEM bundle: callers must show a certificate of one of these authorities"});
    visit("basic-auth", basic_auth,
          {.secret = true, .doc = "user -> password, or what --hash-password makes of it"});
    visit("api-tokens", api_tokens,
          {.secret = true, .doc = "name -> token, or sha256: and its SHA-256 in hex"});
    visit("api-readers", api_readers,
          {.unique = true, .doc = "users, tokens and certificates that may only read"});
  }

  void validate(const std::string& path, config::Faults& faults) const;

  [[nodiscard]] std::string path_of(const std::string& folder) const;  // below home_dir
};

// What --memory-budget comes to in bytes, at least kMemoryBudgetMin. Reads files if it is empty.
[[nodiscard]] std::uint64_t memory_budget(const Options& options);
inline constexpr std::uint64_t kMemoryBudgetMin = std::uint64_t{16} << 20;

// The options as the world may see them.
[[nodiscard]] Json without_secrets(const Options& options);

}  // namespace sluice::server_program
