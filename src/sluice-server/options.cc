// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/options.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "config/redact.h"

namespace sluice::server_program {

void Options::validate(const std::string&, config::Faults& faults) const {
  const bool has_files = !cert_file.empty() || !key_file.empty() || !client_ca_file.empty();
  if (!tls && has_files)
    faults.add("tls", "is off, and cert-file, key-file or client-ca-file given");
  if (!tls) return;
  if (cert_file.empty()) faults.add("cert-file", "is needed with tls");
  if (key_file.empty()) faults.add("key-file", "is needed with tls");
}

Json without_secrets(const Options& options) {
  Json spec = config::encode(options);
  config::redact(spec, config::schema<Options>(), [](const std::string&) { return Json(); });
  return spec;
}

std::string Options::path_of(const std::string& folder) const {
  return (std::filesystem::path(home_dir) / folder).lexically_normal().string();
}

}  // namespace sluice::server_program
