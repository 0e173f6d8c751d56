// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/options.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/memory_size.h"
#include "config/ip_prefix.h"
#include "config/redact.h"

namespace sluice::server_program {

namespace {

// The other half is for guests, code, the allocator, and the kernel's socket buffers, which a
// cgroup charges to the process.
constexpr std::uint64_t kMemoryShare = 2;

// What the embedded store promises, etcd does or does not by its own options.
void refuse_embedded_options(const Options& options, config::Faults& faults) {
  const auto refuse = [&faults](const char* key) {
    faults.add(key, "is of the embedded store, and store is etcd: leave it out");
  };
  if (options.durability != "disk") refuse("durability");
}

}  // namespace

void Options::validate(const std::string&, config::Faults& faults) const {
  cluster.validate(faults);
  if (cluster.on_etcd()) refuse_embedded_options(*this, faults);
  if (!bind_address.empty() && !config::IpAddress::parse(bind_address))
    faults.add("bind-address",
               config::quote(bind_address) + " is not an IP address, try 127.0.0.2");
  if (!log_socket.empty() && log_output == "file")
    faults.add("log-socket", "has no use, as log-output is file; set it to syslog or journald");
  const bool has_files = !cert_file.empty() || !key_file.empty() || !client_ca_file.empty();
  if (const auto size = parse_memory_size(memory_budget); size && *size < kMemoryBudgetMin)
    faults.add("memory-budget", "is less than " + format_memory_size(kMemoryBudgetMin));
  if (!tls && has_files)
    faults.add("tls", "is off, and cert-file, key-file or client-ca-file given");
  if (!tls) return;
  if (cert_file.empty()) faults.add("cert-file", "is needed with tls");
  if (key_file.empty()) faults.add("key-file", "is needed with tls");
}

std::uint64_t memory_budget(const Options& options) {
  const auto given = parse_memory_size(options.memory_budget);
  return std::max(given ? *given : available_memory() / kMemoryShare, kMemoryBudgetMin);
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
