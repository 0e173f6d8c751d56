// SPDX-License-Identifier: Apache-2.0
#include "filters/header_to_json/header_to_json.h"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "filters/builder/body_coding.h"
#include "filters/builder/message_source.h"
#include "http/cache_control.h"
#include "pipeline/exchange.h"
#include "pipeline/simple_kind.h"
#include "templates/parse_json.h"

namespace sluice::filters {
namespace {

struct HeaderJsonSpec {
  std::string header;
  std::string json;
  void fields(auto& visit) {
    visit("header", header, {.required = true, .min = 1, .doc = "the header that is read"});
    visit("json", json,
          {.required = true,
           .min = 1,
           .doc = "the member that gets its value, a text. Several values are joined by `, `"});
  }
};

struct HeaderToJsonSpec {
  pipeline::FilterMeta meta;
  std::vector<HeaderJsonSpec> header_map;

  void fields(auto& visit) {
    meta.fields(visit);
    visit("headerMap", header_map,
          {.required = true, .min = 1, .doc = "which header becomes which member"});
  }
};

class HeaderToJson final : public pipeline::Filter {
 public:
  static constexpr std::string_view kKind = "HeaderToJSON";
  static constexpr std::string_view kDescription = "Puts headers into a body of JSON.";
  static constexpr std::array<std::string_view, 2> kResults = {"jsonEncodeDecodeErr",
                                                               "bodyReadErr"};

  static HeaderToJsonSpec prepare(const HeaderToJsonSpec& spec,
                                  const pipeline::FilterContext& context, config::Faults& faults) {
    for (std::size_t i = 0; i < spec.header_map.size(); ++i) {
      if (http::is_token(spec.header_map[i].header)) continue;
      faults.add(
          config::join_path(context.path, "headerMap") + "[" + std::to_string(i) + "].header",
          config::quote(spec.header_map[i].header) + " is not a header name");
    }
    return spec;
  }

  explicit HeaderToJson(std::shared_ptr<const HeaderToJsonSpec> spec) : spec_(std::move(spec)) {}

  Task<std::string_view> handle(pipeline::Exchange& exchange) override {
    http::Request* request = exchange.request();
    if (request == nullptr) co_return "";
    const Json members = members_of(request->headers);
    if (members.empty()) co_return "";
    if (request->body.is_stream()) {
      exchange.add_tag(spec_->meta.name + ": the body is a stream");
      co_return kResults[1];
    }
    const Result<void> done = merge(exchange, members, *request);
    if (done) co_return "";
    note_build_error(exchange, spec_->meta.name, done.error());
    if (done.error().kind == ErrorKind::unavailable) co_return kResults[1];
    constexpr int kBadRequest = 400;
    constexpr int kTooLarge = 413;
    const bool too_large = done.error().kind == ErrorKind::too_large;
    exchange.gateway_response(too_large ? kTooLarge : kBadRequest,
                              too_large ? http::Cause::body_too_large : http::Cause::body_not_json);
    co_return kResults[0];
  }

 private:
  Json members_of(const http::Headers& headers) const {
    Json members = Json::object();
    for (const HeaderJsonSpec& pair : spec_->header_map) {
      if (headers.contains(pair.header)) members[pair.json] = http::combined(headers, pair.header);
    }
    return members;
  }
  static Result<void> merge(pipeline::Exchange& exchange, const Json& members,
                            http::Request& request) {
    Json body = Json::object();
    if (!request.body.bytes().empty()) {
      SLUICE_TRY(const auto parsed, templates::parse_json(request.body.bytes()));
      body = *parsed;
    }
    if (body.is_object()) {
      body.update(members);
    } else if (body.is_array()) {
      SLUICE_CHECK(merge_each(members, body));
    } else {
      return fail(ErrorKind::invalid, "the body is neither an object nor a list of objects");
    }
    http::Body fresh(templates::json_text(body));
    SLUICE_CHECK(charge_body(exchange, fresh));
    request.body = std::move(fresh);
    forget_body(request.headers, request.body);
    if (!request.headers.contains("Content-Type"))
      request.headers.set("Content-Type", "application/json");
    return {};
  }
  // The members multiply with the length of the list: the sum stays bounded.
  static Result<void> merge_each(const Json& members, Json& list) {
    const std::size_t bytes = templates::json_text(members).size();
    if (bytes * list.size() > pipeline::kBuilderBodyBytesMax)
      return fail(ErrorKind::too_large, "the body would become too long");
    for (Json& item : list) {
      if (!item.is_object())
        return fail(ErrorKind::invalid, "the list has an item that is no object");
      item.update(members);
    }
    return {};
  }

  std::shared_ptr<const HeaderToJsonSpec> spec_;
};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_header_to_json_kind() {
  return std::make_unique<pipeline::SimpleKind<HeaderToJsonSpec, HeaderToJson>>();
}

}  // namespace sluice::filters
