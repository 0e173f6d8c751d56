// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/reload.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "config/fields.h"
#include "sluice-server/command_line.h"

namespace sluice::server_program {
namespace {

constexpr std::array<std::string_view, 10> kLive{
    "api-readers", "api-tokens", "basic-auth",    "cert-file",      "client-ca-file",
    "debug",       "key-file",   "drain-timeout", "retire-timeout", "tls"};

struct Difference {
  std::string live;   // names of fields, with commas
  std::string fixed;  // likewise
};

void append(std::string& list, const std::string& name) {
  list += (list.empty() ? "" : ", ") + name;
}

Difference compare(const Options& running, const Options& read) {
  const Json before = config::encode(running);
  const Json after = config::encode(read);
  Difference difference;
  for (const auto& [name, value] : after.items()) {
    if (before.contains(name) && before[name] == value) continue;
    const bool live = std::ranges::find(kLive, name) != kLive.end();
    append(live ? difference.live : difference.fixed, name);
  }
  return difference;
}

// `running` with the live fields of `read`.
Options merge(const Options& running, const Options& read) {
  Options merged = running;
  merged.api_readers = read.api_readers;
  merged.api_tokens = read.api_tokens;
  merged.basic_auth = read.basic_auth;
  merged.cert_file = read.cert_file;
  merged.client_ca_file = read.client_ca_file;
  merged.debug = read.debug;
  merged.key_file = read.key_file;
  merged.drain_timeout = read.drain_timeout;
  merged.retire_timeout = read.retire_timeout;
  merged.tls = read.tls;
  return merged;
}

void refuse(const Logger& logger, const Error& error) {
  logger.error("configuration stays as it is: " + error.message);
  if (error.details.size() < 2) return;
  for (const std::string& line : error.details) logger.error("configuration: " + line);
}

}  // namespace

admin::Options admin_options(const Options& options) {
  admin::Options made{.address = options.api_addr, .member_name = options.name};
  if (!options.log_dir.empty()) made.log_file = options.path_of(options.log_dir) + "/stdout.log";
  made.start_options = without_secrets(options);
  if (options.tls) made.tls = {options.cert_file, options.key_file, options.client_ca_file};
  made.credentials = {.users = options.basic_auth,
                      .tokens = options.api_tokens,
                      .readers = options.api_readers,
                      .certificate = options.tls && !options.client_ca_file.empty()};
  return made;
}

void reload(Options& options, const Program& program, const Logger& logger, admin::Api& api) {
  const auto read = read_options(program.arguments);
  if (!read) return refuse(logger, read.error());
  const Difference difference = compare(options, *read);
  Options next = merge(options, *read);
  if (const auto replaced = api.replace(admin_options(next)); !replaced)
    return refuse(logger, replaced.error());
  // A level that was set by the admin API stays, unless the configuration has another now.
  if (next.debug != options.debug) logger.set_level(next.debug ? LogLevel::debug : LogLevel::info);
  options = std::move(next);
  logger.info("configuration read again, certificate files too; changed: " +
              (difference.live.empty() ? "nothing" : difference.live));
  if (!difference.fixed.empty())
    logger.warn("configuration: not in force before a restart: " + difference.fixed);
}

void reopen_logs(const Logger& logger, observe::AccessLog* access_log) {
  logger.reopen();
  if (access_log != nullptr) access_log->reopen();
  logger.info("log files opened anew");
}

}  // namespace sluice::server_program
