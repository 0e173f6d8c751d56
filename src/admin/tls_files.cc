// SPDX-License-Identifier: Apache-2.0
#include "admin/tls_files.h"

#include <fstream>
#include <sstream>

namespace sluice::admin {
namespace {

Result<std::string> read_file(const std::string& flag, const std::string& path) {
  const std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  if (file && text) return text.str();
  return fail(ErrorKind::invalid, flag + " " + path + " cannot be read");
}

}  // namespace

Result<std::shared_ptr<const net::TlsContext>> load_tls(const TlsPaths& paths) {
  net::TlsServerOptions options;
  net::KeyPair& pair = options.pairs.emplace_back();
  pair.path = "--cert-file " + paths.certificate;
  SLUICE_TRY(pair.certificate, read_file("--cert-file", paths.certificate));
  SLUICE_TRY(pair.key, read_file("--key-file", paths.key));
  if (!paths.client_ca.empty()) {
    SLUICE_TRY(options.client_ca, read_file("--client-ca-file", paths.client_ca));
    if (options.client_ca.empty())
      return fail(ErrorKind::invalid, "--client-ca-file " + paths.client_ca + " is empty");
  }
  options.protocols = {"http/1.1"};
  auto context = net::TlsContext::create(options, std::make_shared<net::TicketKeys>());
  if (!context) {
    const net::TlsContext::Fault& fault = context.error().front();
    const bool of_pair = fault.path == pair.path;
    return fail(ErrorKind::invalid,
                (of_pair ? fault.path : "--client-ca-file " + paths.client_ca) + ": " + fault.text);
  }
  return *std::move(context);
}

}  // namespace sluice::admin
