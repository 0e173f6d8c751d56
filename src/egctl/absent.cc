// SPDX-License-Identifier: Apache-2.0
#include "egctl/absent.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "pipeline/later_kinds.h"

namespace sluice::egctl {
namespace {

struct Word {
  std::string_view word;
  std::string_view kind;
};
constexpr std::array kWords{Word{"ai", "AIGatewayController"},
                            Word{"aigateway", "AIGatewayController"},
                            Word{"autocert", "AutoCertManager"},
                            Word{"consul", "ConsulServiceRegistry"},
                            Word{"etcdregistry", "EtcdServiceRegistry"},
                            Word{"eureka", "EurekaServiceRegistry"},
                            Word{"faas", "FaaSController"},
                            Word{"gatewaycontroller", "GatewayController"},
                            Word{"ingress", "IngressController"},
                            Word{"mesh", "MeshController"},
                            Word{"mqtt", "MQTTProxy"},
                            Word{"nacos", "NacosServiceRegistry"},
                            Word{"waf", "WAFController"},
                            Word{"zookeeper", "ZookeeperServiceRegistry"}};

}  // namespace

std::string advice_on_word(std::string_view word) {
  const auto found = std::ranges::find(kWords, lower_case(word), &Word::word);
  const std::string_view kind = found != kWords.end() ? found->kind : pipeline::absent_kind(word);
  if (kind.empty()) return "";
  return std::string(kind) + " is not there: " + std::string(pipeline::advice_on_absent_kind(kind));
}

}  // namespace sluice::egctl
