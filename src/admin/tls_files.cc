// SPDX-License-Identifier: Apache-2.0
#include "admin/tls_files.h"

#include "base/file.h"

namespace sluice::admin {
namespace {

constexpr std::size_t kFileBytesMax = std::size_t{1} << 20;

Result<std::string> read_pem(const std::string& flag, const std::string& path) {
  auto text = read_file(path, kFileBytesMax, FileKind::any);
  if (!text) return fail(ErrorKind::invalid, flag + " " + text.error().message);
  if (text->empty()) return fail(ErrorKind::invalid, flag + " " + path + " is empty");
  return text;
}

}  // namespace

Result<std::shared_ptr<const net::TlsContext>> load_tls(const TlsPaths& paths) {
  net::TlsServerOptions options;
  net::KeyPair& pair = options.pairs.emplace_back();
  pair.path = "--cert-file " + paths.certificate;
  SLUICE_TRY(pair.certificate, read_pem("--cert-file", paths.certificate));
  SLUICE_TRY(pair.key, read_pem("--key-file", paths.key));
  if (!paths.client_ca.empty()) {
    SLUICE_TRY(options.client_ca, read_pem("--client-ca-file", paths.client_ca));
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
