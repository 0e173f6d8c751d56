// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/reload.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "control/controller.h"
#include "control/reload_counts.h"
#include "sluice-server/command_line.h"
#include "sluice-server/open_store.h"
#include "sluice-server/options_update.h"
#include "store/etcd/try_etcd.h"

namespace sluice::server_program {
namespace {

void log_refusal(const Logger& logger, const Error& error) {
  logger.error("configuration stays as it is: " + error.message);
  if (error.details.size() < 2) return;
  for (const std::string& line : error.details) logger.error("configuration: " + line);
}

// Warns if etcd does not admit the new certificate, user or password: an open connection would hide
// it for days. They are used all the same, since etcd may be about to change, too.
void try_new_etcd(const Options& next, const InForce& in_force, const MemberTls& fresh,
                  const Logger& logger) {
  if (!next.cluster.on_etcd()) return;
  const MemberTls& now = in_force.tls;
  if (now.etcd == fresh.etcd && now.etcd_password.text() == fresh.etcd_password.text()) return;
  const auto tried = store::try_etcd(etcd_options(next, fresh));
  if (tried) return;
  logger.warn(
      "etcd does not admit what the files etcd-*-file hold now, and this member uses them from "
      "its next connection on: " +
      tried.error().message);
}

// Of `fresh`, all is checked. False: the cluster port keeps its certificate.
bool renew(MemberTls& in_force, const MemberTls& fresh, const Logger& logger,
           control::Controller& controller) {
  in_force.etcd_password.renew(fresh.etcd_password.text());
  if (!(in_force.etcd == fresh.etcd)) {
    in_force.to_etcd->renew(*fresh.to_etcd);
    in_force.etcd = fresh.etcd;
    in_force.etcd_certificates = fresh.etcd_certificates;
    logger.info("certificate files for etcd read again: new connections use them");
  }
  if (in_force.port == fresh.port) return true;
  in_force.to_members->renew(*fresh.to_members);
  if (const auto renewed = controller.renew_cluster_port(fresh.port.own, fresh.port.authorities);
      !renewed) {
    logger.error("the cluster port keeps its certificate: " + renewed.error().message);
    return false;
  }
  in_force.port = fresh.port;
  in_force.port_certificates = fresh.port_certificates;
  logger.info("certificate files of the cluster port read again: new connections use them");
  return true;
}

}  // namespace

admin::Options admin_options(const Options& options) {
  admin::Options made{.address = options.api_addr, .member_name = options.name};
  if (options.log_output != "file") {
    made.log_place = options.log_output;
  } else if (!options.log_dir.empty()) {
    made.log_file = options.path_of(options.log_dir) + "/stdout.log";
  }
  made.profiling = options.profiling;
  made.kept_profiles = options.path_of("profiles.kept");
  made.start_options = without_secrets(options);
  // Of the embedded store.
  if (options.cluster.on_etcd()) {
    made.start_options.erase("durability");
  }
  if (options.tls) made.tls = {options.cert_file, options.key_file, options.client_ca_file};
  made.credentials = {.users = options.basic_auth,
                      .tokens = options.api_tokens,
                      .readers = options.api_readers,
                      .certificate = options.tls && !options.client_ca_file.empty()};
  return made;
}

void note_certificates(const MemberTls& tls, const admin::Api& api,
                       control::Controller& controller) {
  net::CertificateEnds all = tls.port_certificates;
  std::ranges::copy(tls.etcd_certificates, std::back_inserter(all));
  std::ranges::move(api.certificates(), std::back_inserter(all));
  controller.set_own_certificates(std::move(all));
}

Result<std::string> reload(InForce& in_force, const Program& program, const Logger& logger,
                           admin::Api& api, control::Controller& controller) {
  Options& options = in_force.options;
  const auto refuse = [&](control::ReloadKind kind, const Error& error) {
    controller.reloads().note(kind, false);
    log_refusal(logger, error);
    return std::unexpected(error);
  };
  const auto read = read_options(program.arguments);
  if (!read) return refuse(control::ReloadKind::configuration, read.error());
  auto updated = update(options, *read);
  if (!updated) return refuse(control::ReloadKind::configuration, updated.error());
  Options& next = updated->in_force;
  const auto tls = read_member_tls(next.cluster, &in_force.tls);
  if (!tls) return refuse(control::ReloadKind::certificates, tls.error());
  try_new_etcd(next, in_force, *tls, logger);
  if (const auto replaced = api.replace(admin_options(next)); !replaced)
    return refuse(control::ReloadKind::certificates, replaced.error());
  // A level set through the admin API stays, unless the new configuration changes the level.
  if (next.debug != options.debug) logger.set_level(next.debug ? LogLevel::debug : LogLevel::info);
  const bool renewed = renew(in_force.tls, *tls, logger, controller);
  note_certificates(in_force.tls, api, controller);
  options = std::move(next);
  controller.reloads().note(control::ReloadKind::certificates, renewed);
  controller.reloads().note(control::ReloadKind::configuration, true);
  std::string text = "configuration read again, certificate files too; changed: " +
                     (updated->changed.empty() ? "nothing" : updated->changed);
  logger.info(text);
  if (updated->waiting.empty()) return text;
  logger.warn("configuration: not in force before a restart: " + updated->waiting);
  return text + "; not in force before a restart: " + updated->waiting;
}

void reopen_logs(const Logger& logger, observe::AccessLog* access_log) {
  logger.reopen();
  if (access_log != nullptr) access_log->reopen();
  logger.info("log files opened anew");
}

}  // namespace sluice::server_program
