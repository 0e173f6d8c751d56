// SPDX-License-Identifier: Apache-2.0
#include "filters/all.h"

#include "backend/health_check.h"
#include "filters/cert_extractor/cert_extractor.h"
#include "filters/cors_adaptor/cors_adaptor.h"
#include "filters/data_builder/data_builder.h"
#include "filters/fallback/fallback.h"
#include "filters/file_server/file_server.h"
#include "filters/grpc_proxy/grpc_proxy.h"
#include "filters/header_lookup/header_lookup.h"
#include "filters/header_to_json/header_to_json.h"
#include "filters/mock/mock.h"
#include "filters/proxy/proxy.h"
#include "filters/proxy_wasm/proxy_wasm.h"
#include "filters/rate_limiter/rate_limiter.h"
#include "filters/redirector/redirector.h"
#include "filters/redirector_v2/redirector_v2.h"
#include "filters/remote_filter/remote_filter.h"
#include "filters/request_adaptor/request_adaptor.h"
#include "filters/request_builder/request_builder.h"
#include "filters/response_adaptor/response_adaptor.h"
#include "filters/response_builder/response_builder.h"
#include "filters/result_builder/result_builder.h"
#include "filters/simple_http_proxy/simple_http_proxy.h"
#include "filters/validator/validator.h"
#include "filters/wasm_host/guest_budget.h"
#include "filters/wasm_host/wasm_host.h"
#include "filters/web_socket_proxy/web_socket_proxy.h"
#include "loop/blocking_pool.h"

namespace sluice::filters {

Result<std::vector<std::unique_ptr<pipeline::FilterKind>>> all(const Services& services) {
  std::vector<std::unique_ptr<pipeline::FilterKind>> kinds;
  // Shared by the kinds: threads for what would block a core, and the thread on which health checks
  // run and files and URLs are read again.
  const auto blocking = std::make_shared<loop::BlockingPool>(services.core_count);
  const auto checks = services.offline ? nullptr : std::make_shared<backend::HealthThread>();
  kinds.push_back(make_cert_extractor_kind());
  kinds.push_back(make_cors_adaptor_kind());
  kinds.push_back(make_data_builder_kind(services.logger));
  kinds.push_back(make_fallback_kind());
  kinds.push_back(make_file_server_kind(blocking));
  kinds.push_back(make_grpc_proxy_kind(
      make_proxy_kind(services.logger, services.core_count, services.own_secret)));
  kinds.push_back(make_header_lookup_kind());
  kinds.push_back(make_header_to_json_kind());
  kinds.push_back(make_mock_kind());
  kinds.push_back(
      make_proxy_kind(services.logger, services.core_count, services.own_secret, services.offline));
  // Both kinds of guests together have --max-guests.
  const auto guests = std::make_shared<GuestBudget>(services.engine.options().guests_max);
  const std::string& code = services.code_folder;
  SLUICE_TRY(
      auto proxy_wasm,
      make_proxy_wasm_kind(services.engine, services.store, services.logger, services.core_count,
                           {.guests = guests,
                            .code_folder = code.empty() ? code : code + "-proxy-wasm",
                            .pipelines = services.pipelines,
                            .offline = services.offline}));
  kinds.push_back(std::move(proxy_wasm));
  kinds.push_back(make_rate_limiter_kind());
  kinds.push_back(make_redirector_kind());
  kinds.push_back(make_redirector_v2_kind());
  kinds.push_back(make_remote_filter_kind(services.core_count));
  kinds.push_back(make_request_adaptor_kind(services.logger));
  kinds.push_back(make_request_builder_kind(services.logger));
  kinds.push_back(make_response_adaptor_kind(services.logger));
  kinds.push_back(make_response_builder_kind(services.logger));
  kinds.push_back(make_result_builder_kind(services.logger));
  kinds.push_back(make_simple_http_proxy_kind(services.core_count));
  kinds.push_back(make_validator_kind({checks, blocking, services.logger, services.core_count}));
  SLUICE_TRY(auto wasm_host, make_wasm_host_kind(services.engine, services.store, services.logger,
                                                 services.core_count, services.code_folder,
                                                 services.handover, services.offline, guests));
  kinds.push_back(std::move(wasm_host));
  kinds.push_back(make_web_socket_proxy_kind(services.logger, services.core_count,
                                             services.own_secret, checks, services.offline));
  return kinds;
}

}  // namespace sluice::filters
