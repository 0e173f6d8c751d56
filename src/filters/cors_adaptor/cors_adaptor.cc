// SPDX-License-Identifier: Apache-2.0
#include "filters/cors_adaptor/cors_adaptor.h"

#include <array>

#include "filters/cors_adaptor/cors_policy.h"
#include "pipeline/exchange.h"
#include "pipeline/simple_kind.h"

namespace sluice::filters {
namespace {

constexpr std::string_view kPreflighted = "preflighted";
constexpr std::string_view kRejected = "rejected";

// Marks the response of the filters behind, whoever makes it.
class CorsMark final : public pipeline::ResponseSide {
 public:
  CorsMark(std::shared_ptr<const CorsPolicy> policy, const http::Request& request,
           std::string_view origin)
      : policy_(std::move(policy)), method_(request.method), origin_(origin) {}

  Task<void> respond(pipeline::Exchange& exchange) override {
    http::Response* response = exchange.response();
    if (response != nullptr) policy_->mark(method_, origin_, response->headers);
    co_return;
  }

 private:
  std::shared_ptr<const CorsPolicy> policy_;
  std::string method_;  // filters behind may change the request
  std::string origin_;
};

class CorsAdaptor final : public pipeline::Filter {
 public:
  static constexpr std::string_view kKind = "CORSAdaptor";
  static constexpr std::string_view kDescription =
      "Tells browsers which pages of other sites may read the responses.";
  static constexpr std::array<std::string_view, 2> kResults = {kPreflighted, kRejected};

  static CorsPolicy prepare(const CorsSpec& spec, const pipeline::FilterContext& /*context*/,
                            config::Faults& /*faults*/) {
    return CorsPolicy(spec);
  }

  explicit CorsAdaptor(std::shared_ptr<const CorsPolicy> policy) : policy_(std::move(policy)) {}

  Task<std::string_view> handle(pipeline::Exchange& exchange) override {
    const http::Request* request = exchange.request();
    if (request == nullptr) co_return "";
    const auto origin = CorsPolicy::origin_of(*request);
    if (origin && CorsPolicy::is_preflight(*request)) {
      http::Response& response = exchange.gateway_response(204, http::Cause::cors_preflight);
      policy_->answer_preflight(*request, *origin, response.headers);
      co_return kPreflighted;
    }
    if (origin && !policy_->allows_origin(*origin)) {
      http::Response& response = exchange.gateway_response(403, http::Cause::origin_refused);
      response.headers.add("Vary", "Origin");
      exchange.add_tag("corsAdaptor: the origin is not allowed");
      co_return kRejected;
    }
    exchange.add_response_side(std::make_unique<CorsMark>(policy_, *request, origin.value_or("")));
    co_return "";
  }

 private:
  std::shared_ptr<const CorsPolicy> policy_;
};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_cors_adaptor_kind() {
  return std::make_unique<pipeline::SimpleKind<CorsSpec, CorsAdaptor>>();
}

}  // namespace sluice::filters
