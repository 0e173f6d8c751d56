// SPDX-License-Identifier: Apache-2.0
#include "pipeline/later_kinds.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/text.h"

namespace sluice::pipeline {
namespace {

struct LaterKind {
  std::string_view kind;
  std::string_view advice;
};

constexpr std::string_view kCertificates =
    "certificates come from files or from the spec for now: give certBase64 and keyBase64, renew "
    "them outside, and apply again (docs/tls.md)";
constexpr std::string_view kRegistries =
    "service registries come later: name the servers in servers; a host name stands for all its "
    "addresses and is looked up again";
constexpr std::string_view kKubernetes =
    "Sluice does not read Kubernetes: write HTTPServer and Pipeline";
constexpr std::string_view kFirewall =
    "put a web application firewall in front; trustedProxies names it";
constexpr std::string_view kModels =
    "a Proxy reaches the provider; RateLimiter and Validator stand in front";
constexpr std::string_view kPolicies =
    "it is of version 1: write a policy in resilience of the pipeline, and name it in a pool of "
    "the "
    "Proxy (docs/resilience.md)";

constexpr std::array kLaterKinds{
    LaterKind{"AIGatewayController", kModels},
    LaterKind{"AIGatewayProxy", kModels},
    LaterKind{
        "APIAggregator",
        "it is of version 1: use one Proxy for each API, in namespaces, and a ResponseBuilder"},
    LaterKind{"AutoCertManager", kCertificates},
    LaterKind{"Bridge", "it is of version 1: let the rules of the HTTPServer choose the pipeline"},
    LaterKind{"CircuitBreaker", kPolicies},
    LaterKind{"ConnectControl", kHttpOnly},
    LaterKind{"ConsulServiceRegistry", kRegistries},
    LaterKind{"EaseMonitorMetrics", "egctl metrics and GET /apis/v2/metrics have the figures"},
    LaterKind{"EtcdServiceRegistry", kRegistries},
    LaterKind{"EurekaServiceRegistry", kRegistries},
    LaterKind{"FaaSController", kKubernetes},
    LaterKind{"GRPCServer", "an HTTPServer takes gRPC, by TLS or prior knowledge"},
    LaterKind{"GatewayController", kKubernetes},
    LaterKind{"IngressController", kKubernetes},
    LaterKind{"Kafka", kHttpOnly},
    LaterKind{"KafkaMQTT", kHttpOnly},
    LaterKind{"MQTTClientAuth", kHttpOnly},
    LaterKind{"MQTTProxy", kHttpOnly},
    LaterKind{"MeshAdaptor", kKubernetes},
    LaterKind{"MeshController", kKubernetes},
    LaterKind{"NacosServiceRegistry", kRegistries},
    LaterKind{
        "OIDCAdaptor",
        "log users in at a service of your own, and check its tokens with Validator (jwt.jwks)"},
    LaterKind{"OPAFilter", "decide in a WasmHost, or at a service asked by RemoteFilter"},
    LaterKind{"Retryer", kPolicies},
    LaterKind{"TimeLimiter", "it is of version 1: give timeout in a pool of the Proxy"},
    LaterKind{"TopicMapper", kHttpOnly},
    LaterKind{"WAF", kFirewall},
    LaterKind{"WAFController", kFirewall},
    LaterKind{"WebSocketServer", "it is of version 1: use a WebSocketProxy in a Pipeline"},
    LaterKind{"ZookeeperServiceRegistry", kRegistries},
};

}  // namespace

std::string_view advice_on_absent_kind(std::string_view kind) {
  const auto found = std::ranges::find(kLaterKinds, kind, &LaterKind::kind);
  return found != kLaterKinds.end() ? found->advice : std::string_view();
}

std::string_view absent_kind(std::string_view word) {
  const std::string lower = lower_case(word);
  const auto found = std::ranges::find_if(
      kLaterKinds, [&](const LaterKind& later) { return lower_case(later.kind) == lower; });
  return found != kLaterKinds.end() ? found->kind : std::string_view();
}

}  // namespace sluice::pipeline
