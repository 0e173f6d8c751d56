// SPDX-License-Identifier: Apache-2.0
// PeerInfo: the facts about the client at the other end of a connection that its requests need.
#pragma once

#include <memory>
#include <string_view>

#include "net/stream.h"
#include "net/tls/tls_stream.h"

namespace sluice::server {

struct PeerInfo {
  std::string_view address{};  // ip:port
  bool secure = false;         // TLS
  // That it has shown; null: none.
  std::shared_ptr<const net::PeerCertificates> certificates{};

  // Requires: `stream` outlives the PeerInfo, and its peer address does not change any more.
  [[nodiscard]] static PeerInfo of(const net::Stream& stream) {
    return {.address = stream.peer_address(),
            .secure = stream.is_secure(),
            .certificates = net::peer_certificates(stream)};
  }
  [[nodiscard]] std::string_view ip() const { return net::ip_of(address); }
};

}  // namespace sluice::server
