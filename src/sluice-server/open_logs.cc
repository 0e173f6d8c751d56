// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/open_logs.h"

#include "base/log_socket.h"
#include "sluice-server/process.h"

namespace sluice::server_program {
namespace {

std::string file_of(const Options& options, const char* name) {
  if (options.log_dir.empty()) return {};
  return options.path_of(options.log_dir) + "/" + name;
}

Result<LogSocket> socket_of(const Options& options, const char* name) {
  const LogDaemon daemon = options.log_output == "syslog" ? LogDaemon::syslog : LogDaemon::journald;
  std::string path =
      options.log_socket.empty() ? LogSocket::default_path(daemon) : options.log_socket;
  auto socket = LogSocket::connect(daemon, std::move(path), name);
  if (socket) return socket;
  return fail(ErrorKind::unavailable,
              "log-output: " + options.log_output + " is not reached at " + socket.error().message +
                  "; start the daemon, name its socket with --log-socket, or use "
                  "--log-output file");
}

bool to_files(const Options& options) { return options.log_output == "file"; }

}  // namespace

Result<Logger> open_log(const Options& options) {
  const LogFormat format = options.log_format == "json" ? LogFormat::json : LogFormat::text;
  if (to_files(options)) {
    if (!options.log_dir.empty()) SLUICE_CHECK(make_folder(options.path_of(options.log_dir)));
    return Logger::open(file_of(options, "stdout.log"), options.debug, format);
  }
  SLUICE_TRY(LogSocket socket, socket_of(options, "sluice-server"));
  return Logger::open(std::move(socket), format, options.debug);
}

Result<std::unique_ptr<observe::AccessLog>> open_access_log(const Options& options, unsigned cores,
                                                            const Logger& logger) {
  using observe::AccessLog;
  if (options.disable_access_log) return std::unique_ptr<AccessLog>();
  const auto lines = options.log_format == "json" ? AccessLog::Lines::json : AccessLog::Lines::text;
  if (to_files(options)) {
    return std::make_unique<AccessLog>(file_of(options, "filter_http_access.log"), cores, logger,
                                       lines);
  }
  SLUICE_TRY(LogSocket socket, socket_of(options, "sluice-access"));
  return std::make_unique<AccessLog>(std::move(socket), cores, logger, lines);
}

}  // namespace sluice::server_program
