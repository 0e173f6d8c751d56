// SPDX-License-Identifier: Apache-2.0
#include "egctl/access.h"

#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "egctl/environment.h"
#include "egctl/files.h"
#include "egctl/json_text.h"

namespace sluice::egctl {
namespace {

Result<std::string> pem_at(const Json& map, const std::string& field) {
  if (const std::string data = text_at(map, field + "-data"); !data.empty()) {
    const auto decoded = base64_decode(data);
    if (decoded) return *decoded;
    return fail(ErrorKind::invalid, field + "-data is not base64");
  }
  const std::string path = text_at(map, field);
  return path.empty() ? Result<std::string>("") : read_input(path);
}

Result<void> check_pair(const Access& access) {
  if (access.certificate.empty() == access.key.empty()) return {};
  return fail(ErrorKind::invalid,
              "a client certificate and its key come together: --cert-file and "
              "--key-file, or both in the settings");
}

}  // namespace

Result<Access> access_of(const Json& cluster, const Json& user) {
  Access access;
  access.server = text_at(cluster, "server");
  const auto skip = cluster.is_object() ? cluster.find("insecure-skip-verify") : cluster.end();
  access.verify = !cluster.is_object() || skip == cluster.end() || *skip != Json(true);
  SLUICE_TRY(access.authority, pem_at(cluster, "certificate-authority"));
  SLUICE_TRY(access.certificate, pem_at(user, "client-certificate"));
  SLUICE_TRY(access.key, pem_at(user, "client-key"));
  access.user = text_at(user, "username");
  access.password = text_at(user, "password");
  access.token = text_at(user, "token");
  return access;
}

Result<Access> combine(const AccessFlags& flags, Access settings) {
  const bool elsewhere = !flags.server.empty() && flags.server != settings.server;
  Access access = elsewhere ? Access{} : std::move(settings);
  if (elsewhere) access.server = flags.server;
  if (const std::string token = environment("EGCTL_TOKEN"); !token.empty()) {
    access.token = token;
    access.user.clear();
  } else if (const std::string user = environment("EGCTL_USER"); !user.empty()) {
    access.user = user;
    access.password = environment("EGCTL_PASSWORD");
    access.token.clear();
  }
  if (flags.insecure_skip_verify) access.verify = false;
  if (!flags.ca_file.empty()) {
    SLUICE_TRY(access.authority, read_input(flags.ca_file));
  }
  if (!flags.cert_file.empty()) {
    SLUICE_TRY(access.certificate, read_input(flags.cert_file));
  }
  if (!flags.key_file.empty()) {
    SLUICE_TRY(access.key, read_input(flags.key_file));
  }
  access.reply_timeout = flags.reply_timeout;
  SLUICE_CHECK(check_pair(access));
  return access;
}

}  // namespace sluice::egctl
