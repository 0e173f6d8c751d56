// SPDX-License-Identifier: Apache-2.0
#include "filters/fallback/fallback.h"

#include <array>
#include <map>

#include "filters/header_rules.h"
#include "http/field_kind.h"
#include "pipeline/exchange.h"
#include "pipeline/simple_kind.h"

namespace sluice::filters {
namespace {

struct FallbackSpec {
  pipeline::FilterMeta meta;
  int mock_code = 0;
  std::map<std::string, std::string> mock_headers;
  std::string mock_body;

  void fields(auto& visit) {
    meta.fields(visit);
    visit("mockCode", mock_code,
          {.required = true, .min = 200, .max = 599, .doc = "status of the response"});
    visit("mockHeaders", mock_headers,
          {.doc = "replace the fields of these names; other fields of the response stay"});
    visit("mockBody", mock_body, {.doc = "the body; empty: none"});
  }
};

struct FallbackModel {
  FallbackSpec spec;
  std::shared_ptr<const std::string> body;
};

// They describe the bytes of the body that is replaced.
constexpr std::array<std::string_view, 9> kOfTheBody = {
    "Content-Encoding", "Content-Range", "Content-MD5",   "Digest",       "Content-Digest",
    "Repr-Digest",      "ETag",          "Accept-Ranges", "Last-Modified"};

class Fallback final : public pipeline::Filter {
 public:
  static constexpr std::string_view kKind = "Fallback";
  static constexpr std::string_view kDescription = "Replaces the response by a fixed one.";
  static constexpr std::array<std::string_view, 2> kResults = {"fallback", "responseNotFound"};

  static FallbackModel prepare(const FallbackSpec& spec, const pipeline::FilterContext& context,
                               config::Faults& faults) {
    const std::string path = config::join_path(context.path, "mockHeaders");
    for (const auto& [name, value] : spec.mock_headers) {
      if (const auto reason = header_fault(name, value))
        faults.add(config::join_path(path, name), *reason);
    }
    return {spec, std::make_shared<const std::string>(spec.mock_body)};
  }

  explicit Fallback(std::shared_ptr<const FallbackModel> model) : model_(std::move(model)) {}

  Task<std::string_view> handle(pipeline::Exchange& exchange) override {
    http::Response* response = exchange.response();
    if (response == nullptr) co_return kResults[1];
    response->status = model_->spec.mock_code;
    for (const std::string_view name : kOfTheBody) response->headers.remove(name);
    for (const auto& [name, value] : model_->spec.mock_headers) {
      if (http::field_kind(name) == http::FieldKind::other) response->headers.set(name, value);
    }
    response->body.share(model_->body);
    co_return kResults[0];
  }

 private:
  std::shared_ptr<const FallbackModel> model_;
};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_fallback_kind() {
  return std::make_unique<pipeline::SimpleKind<FallbackSpec, Fallback>>();
}

}  // namespace sluice::filters
