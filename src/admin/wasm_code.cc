// SPDX-License-Identifier: Apache-2.0
#include "admin/wasm_code.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/controller.h"

namespace sluice::admin {
namespace {

using control::Reloaded;

std::string text_line(const Reloaded& one) {
  const std::string filter = one.pipeline + "/" + one.filter + ": ";
  if (!one.error.empty()) return filter + "refused: " + one.error + "\n";
  return filter + (one.changed ? "reloaded" : "unchanged") + " (sha256 " + one.code_hash + ")\n";
}

Json json_of_reloaded(const std::vector<Reloaded>& reloaded) {
  Json out = Json::array();
  for (const Reloaded& one : reloaded) {
    out.push_back({{"pipeline", one.pipeline},
                   {"filter", one.filter},
                   {"changed", one.changed},
                   {"codeHash", one.code_hash},
                   {"error", one.error}});
  }
  return out;
}

Json refusal(const std::vector<Reloaded>& reloaded) {
  Json errors = Json::array();
  for (const Reloaded& one : reloaded) {
    if (!one.error.empty()) errors.push_back(one.pipeline + "/" + one.filter + ": " + one.error);
  }
  return {{"code", 400},
          {"message", "code refused; what ran before goes on"},
          {"errors", std::move(errors)}};
}

ApiResponse respond_lines(const std::vector<Reloaded>& reloaded, int status) {
  ApiResponse response = respond_text("");
  response.status = status;
  for (const Reloaded& one : reloaded) response.body += text_line(one);
  return response;
}

Result<ApiResponse> reload(Context& context, const ApiRequest& request, const PathNames&) {
  SLUICE_TRY(const std::vector<Reloaded> reloaded, context.controller.reload_code());
  const bool refused =
      std::ranges::any_of(reloaded, [](const Reloaded& one) { return !one.error.empty(); });
  const int status = refused ? 400 : 200;
  if (request.wants("text/plain")) return respond_lines(reloaded, status);
  Json body = refused ? refusal(reloaded) : Json::object();
  body["reloaded"] = json_of_reloaded(reloaded);
  return respond(request, body, status);
}

}  // namespace

void add_wasm_code(ApiRouter& router, Context& context) {
  add(router, context, "wasm", {{"POST", "/wasm/code", reload}});
}

}  // namespace sluice::admin
