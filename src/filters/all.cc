// SPDX-License-Identifier: Apache-2.0
#include "filters/all.h"

#include "filters/cors_adaptor/cors_adaptor.h"
#include "filters/mock/mock.h"
#include "filters/proxy/proxy.h"
#include "filters/redirector/redirector.h"
#include "filters/redirector_v2/redirector_v2.h"
#include "filters/wasm_host/wasm_host.h"
#include "filters/web_socket_proxy/web_socket_proxy.h"

namespace sluice::filters {

Result<std::vector<std::unique_ptr<pipeline::FilterKind>>> all(const Services& services) {
  std::vector<std::unique_ptr<pipeline::FilterKind>> kinds;
  kinds.push_back(make_cors_adaptor_kind());
  kinds.push_back(make_mock_kind());
  kinds.push_back(make_proxy_kind(services.logger, services.core_count, services.own_secret));
  kinds.push_back(make_redirector_kind());
  kinds.push_back(make_redirector_v2_kind());
  SLUICE_TRY(auto wasm_host,
             make_wasm_host_kind(services.engine, services.store, services.logger,
                                 services.core_count, services.code_folder, services.handover));
  kinds.push_back(std::move(wasm_host));
  kinds.push_back(
      make_web_socket_proxy_kind(services.logger, services.core_count, services.own_secret));
  return kinds;
}

}  // namespace sluice::filters
