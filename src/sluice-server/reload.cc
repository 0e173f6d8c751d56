// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/reload.h"

#include <nlohmann/json.hpp>

#include "sluice-server/command_line.h"
#include "sluice-server/options_update.h"

namespace sluice::server_program {
namespace {

void log_refusal(const Logger& logger, const Error& error) {
  logger.error("configuration stays as it is: " + error.message);
  if (error.details.size() < 2) return;
  for (const std::string& line : error.details) logger.error("configuration: " + line);
}

}  // namespace

admin::Options admin_options(const Options& options) {
  admin::Options made{.address = options.api_addr, .member_name = options.name};
  if (!options.log_dir.empty()) made.log_file = options.path_of(options.log_dir) + "/stdout.log";
  made.profiling = options.profiling;
  made.start_options = without_secrets(options);
  // Of the embedded store.
  if (options.cluster.on_etcd()) {
    for (const char* key : {"durability", "require-store", "accept-older-store"})
      made.start_options.erase(key);
  }
  if (options.tls) made.tls = {options.cert_file, options.key_file, options.client_ca_file};
  made.credentials = {.users = options.basic_auth,
                      .tokens = options.api_tokens,
                      .readers = options.api_readers,
                      .certificate = options.tls && !options.client_ca_file.empty()};
  return made;
}

void reload(Options& options, const Program& program, const Logger& logger, admin::Api& api) {
  const auto read = read_options(program.arguments);
  if (!read) return log_refusal(logger, read.error());
  auto updated = update(options, *read);
  if (!updated) return log_refusal(logger, updated.error());
  Options& next = updated->in_force;
  if (const auto replaced = api.replace(admin_options(next)); !replaced)
    return log_refusal(logger, replaced.error());
  // A level set through the admin API stays, unless the new configuration changes the level.
  if (next.debug != options.debug) logger.set_level(next.debug ? LogLevel::debug : LogLevel::info);
  options = std::move(next);
  logger.info("configuration read again, certificate files too; changed: " +
              (updated->changed.empty() ? "nothing" : updated->changed));
  if (!updated->waiting.empty())
    logger.warn("configuration: not in force before a restart: " + updated->waiting);
}

void reopen_logs(const Logger& logger, observe::AccessLog* access_log) {
  logger.reopen();
  if (access_log != nullptr) access_log->reopen();
  logger.info("log files opened anew");
}

}  // namespace sluice::server_program
