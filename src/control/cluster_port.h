// SPDX-License-Identifier: Apache-2.0
// The cluster port: an HTTPServer of the process itself, on which other members of the cluster
// reach it. It is in every generation, and among the objects in none: it is not listed, stored or
// changed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "control/object.h"
#include "pipeline/prototype.h"

namespace sluice::control {

// No object can have this name.
inline constexpr const char* kClusterPortName = "cluster port";

struct ClusterPort {
  std::string address;  // an IP literal; "": all
  std::uint16_t port = 0;
  // PEM. Members must show a certificate of `authorities`. All empty: HTTP/2 without TLS.
  std::string certificate;
  std::string key;
  std::string authorities;
  // One kind, that of the only filter: filters::make_cluster_port_kind().
  pipeline::FilterKinds filters;
};

// The HTTPServer and its pipeline. `port` outlives them. Error `invalid` for certificates that
// cannot work, and for TLS without all three.
[[nodiscard]] Result<ObjectList> build_cluster_port(const ClusterPort& port, unsigned core_count);

// The objects of build_cluster_port() with the certificates of `port`, for the connections to come.
// The counters and the pipeline go on. Error `invalid`: as above. Requires: `port` has the address
// of the one that was built; its filters are not used.
[[nodiscard]] Result<ObjectList> renew_cluster_port_in(const ObjectList& built,
                                                       const ClusterPort& port);

}  // namespace sluice::control
