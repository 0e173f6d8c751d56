// SPDX-License-Identifier: Apache-2.0
#include "net/own_address.h"

#include <sys/socket.h>

#include <boost/asio/ip/udp.hpp>

#include "base/descriptor.h"

namespace sluice::net {

using boost::asio::ip::udp;

// The kernel gives a connection to an own address that address as its source.
bool is_own_address(const Endpoint& endpoint) {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(endpoint.address, error);
  if (error) return false;
  if (address.is_unspecified() || address.is_loopback()) return true;
  const udp::endpoint peer(address, endpoint.port == 0 ? 1 : endpoint.port);
  const Descriptor probe(::socket(peer.protocol().family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!probe.is_open()) return true;  // unknown: the stricter answer
  if (::connect(probe.get(), peer.data(), static_cast<socklen_t>(peer.size())) != 0) return false;
  udp::endpoint local;
  auto size = static_cast<socklen_t>(local.capacity());
  if (::getsockname(probe.get(), local.data(), &size) != 0) return true;
  local.resize(size);
  return local.address() == address;
}

}  // namespace sluice::net
