// SPDX-License-Identifier: Apache-2.0
#include "filters/header_lookup/header_lookup.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "filters/header_rules.h"
#include "http/exact_value.h"
#include "http/withheld_trailers.h"
#include "pipeline/custom_data.h"
#include "pipeline/exchange.h"
#include "pipeline/simple_kind.h"
#include "router/pattern.h"

namespace sluice::filters {
namespace {

struct HeaderSetterSpec {
  std::string etcd_key;
  std::string header_key;

  void fields(auto& visit) {
    visit("etcdKey", etcd_key, {.required = true, .min = 1, .doc = "field of the item"});
    visit("headerKey", header_key, {.required = true, .min = 1, .doc = "header that it sets"});
  }
};

struct HeaderLookupSpec {
  pipeline::FilterMeta meta;
  std::string header_key;
  std::string etcd_prefix;
  std::string path_reg_exp;
  std::vector<HeaderSetterSpec> header_setters;

  void fields(auto& visit) {
    meta.fields(visit);
    visit("headerKey", header_key,
          {.required = true, .min = 1, .doc = "header of the request whose value is the id"});
    visit("etcdPrefix", etcd_prefix,
          {.required = true,
           .min = 1,
           .doc = "the kind of the custom data. Slashes around it do not count"});
    visit("pathRegExp", path_reg_exp,
          {.doc = "an RE2 expression with a group. If it matches the path, the id is followed by "
                  "`-` and the text of the group"});
    visit("headerSetters", header_setters,
          {.required = true, .min = 1, .doc = "headers made of fields of the item"});
  }
  void validate(const std::string& path, config::Faults& faults) const {
    if (!http::is_token(header_key)) {
      faults.add(config::join_path(path, "headerKey"),
                 config::quote(header_key) + " is not a header name");
    }
    for (std::size_t i = 0; i < header_setters.size(); ++i) {
      if (const auto reason = own_header_fault(header_setters[i].header_key))
        faults.add(
            config::join_path(path, "headerSetters") + "[" + std::to_string(i) + "].headerKey",
            *reason);
    }
  }
};

struct LookupModel {
  std::string header;
  std::string kind;
  std::optional<router::Pattern> pattern;
  std::vector<HeaderSetterSpec> setters;

  [[nodiscard]] pipeline::NamesOthers::Names names() const {
    return {.custom_kinds = {{"etcdPrefix", kind}}};
  }
};

std::string without_slashes(std::string_view text) {
  while (text.starts_with('/')) text.remove_prefix(1);
  while (text.ends_with('/')) text.remove_suffix(1);
  return std::string(text);
}

// The text of a value, as the item spells it; nullopt: it has none, or none that a header can hold.
std::optional<std::string> header_text(const Json& item, const std::string& field) {
  const auto found = item.find(field);
  if (found == item.end() || found->is_structured() || found->is_null()) return std::nullopt;
  std::string text = found->is_string() ? found->get<std::string>() : found->dump();
  return http::is_exact_value(text) ? std::optional(std::move(text)) : std::nullopt;
}

class HeaderLookup final : public pipeline::Filter {
 public:
  static constexpr std::string_view kKind = "HeaderLookup";
  static constexpr std::string_view kDescription =
      "Sets headers from an item of custom data, which a header names.";
  static constexpr std::span<const std::string_view> kResults{};

  static LookupModel prepare(const HeaderLookupSpec& spec, const pipeline::FilterContext& context,
                             config::Faults& faults) {
    LookupModel model{.header = spec.header_key,
                      .kind = without_slashes(spec.etcd_prefix),
                      .pattern = {},
                      .setters = spec.header_setters};
    if (spec.path_reg_exp.empty()) return model;
    const std::string where = config::join_path(context.path, "pathRegExp");
    model.pattern = router::Pattern::compile(spec.path_reg_exp, where, faults);
    if (model.pattern && !model.pattern->has_groups())
      faults.add(where, "has no group, write the part of the path in parentheses");
    return model;
  }

  explicit HeaderLookup(std::shared_ptr<const LookupModel> model) : model_(std::move(model)) {}

  Task<std::string_view> handle(pipeline::Exchange& exchange) override {
    http::Request* request = exchange.request();
    if (request == nullptr) co_return "";
    // A backend that takes a twin or a trailer for this header would see another id.
    http::claim_field(*request, model_->header);
    const std::string id = id_of(*request);
    // Only the item may say what these headers hold.
    for (const HeaderSetterSpec& setter : model_->setters) {
      http::claim_field(*request, setter.header_key);
      request->headers.remove(setter.header_key);
    }
    const auto data = exchange.custom_data == nullptr ? nullptr : exchange.custom_data->get();
    const Json* item = id.empty() || !data ? nullptr : data->find(model_->kind, id);
    if (item == nullptr) {
      exchange.add_tag("headerLookup: no item");
      co_return "";
    }
    for (const HeaderSetterSpec& setter : model_->setters) {
      if (const auto text = header_text(*item, setter.etcd_key))
        request->headers.add(setter.header_key, *text);
    }
    co_return "";
  }

 private:
  // "" if the header is absent, or has values that differ: the client must not choose which counts.
  [[nodiscard]] std::string id_of(const http::Request& request) const {
    std::string id;
    for (const http::Field& field : request.headers) {
      if (!http::iequals(field.name, model_->header) || field.value == id) continue;
      if (!id.empty()) return "";
      id = field.value;
    }
    if (id.empty() || !model_->pattern) return id;
    if (const auto part = model_->pattern->first_group_in(request.path))
      id.append(1, '-').append(*part);
    return id;
  }

  std::shared_ptr<const LookupModel> model_;
};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_header_lookup_kind() {
  return std::make_unique<pipeline::SimpleKind<HeaderLookupSpec, HeaderLookup>>();
}

}  // namespace sluice::filters
