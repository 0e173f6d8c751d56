// SPDX-License-Identifier: Apache-2.0
#include "etcd/options.h"

#include <utility>

namespace sluice::etcd {

Result<std::shared_ptr<net::TlsClientContext>> make_tls(std::string authorities,
                                                        std::string certificate, std::string key) {
  net::TlsClientOptions options;
  options.authorities = std::move(authorities);
  options.own = {"", std::move(certificate), std::move(key)};
  options.protocols = {"h2"};
  auto made = net::TlsClientContext::create(options);
  if (made) return std::move(*made);
  std::string text = "TLS settings for etcd:";
  for (const auto& fault : made.error()) text += " " + fault.text;
  return fail(ErrorKind::invalid, std::move(text));
}

}  // namespace sluice::etcd
