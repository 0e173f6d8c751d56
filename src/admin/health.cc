// SPDX-License-Identifier: Apache-2.0
#include "admin/health.h"

#include <string>

#include "control/controller.h"

namespace sluice::admin {
namespace {

constexpr std::string_view kAlive = "/healthz";
constexpr std::string_view kReady = "/readyz";

// A probe may bring a query, as of a load balancer against caches.
std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

}  // namespace

bool is_probe(std::string_view target) {
  return path_of(target) == kAlive || path_of(target) == kReady;
}

std::string_view Health::why_not_ready() const {
  if (draining_.load()) return "the process ends";
  if (!controller_.health().empty()) return "the store does not write";
  if (controller_.lacks_initial_objects()) return "initial objects are not created";
  if (!controller_.is_built()) return "objects are being built";
  return "";
}

std::optional<ApiResponse> Health::answer(std::string_view method, std::string_view target) const {
  if (!is_probe(target)) return std::nullopt;
  if (method != "GET" && method != "HEAD") {
    return ApiResponse{.status = 405, .content_type = std::string(kTextType), .allow = "GET, HEAD"};
  }
  const std::string_view why = path_of(target) == kAlive ? "" : why_not_ready();
  if (why.empty()) return respond_text("ok\n");
  ApiResponse response = respond_text("not ready: " + std::string(why) + "\n");
  response.status = 503;
  return response;
}

}  // namespace sluice::admin
