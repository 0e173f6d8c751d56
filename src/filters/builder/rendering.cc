// SPDX-License-Identifier: Apache-2.0
#include "filters/builder/rendering.h"

#include <algorithm>
#include <array>
#include <set>
#include <vector>

#include "filters/builder/exchange_view.h"
#include "filters/builder/template_names.h"
#include "http/body_memory.h"
#include "templates/parse_json.h"

namespace sluice::filters {
namespace {

using pipeline::Exchange;
using pipeline::kBuilderBodyBytesMax;
using pipeline::kDefaultNamespace;
using templates::Template;

bool reads_body(const Template& made, std::string_view group, std::string_view element) {
  constexpr std::array<std::string_view, 4> kBodies = {"Body", "RawBody", "JSONBody", "YAMLBody"};
  return std::ranges::any_of(kBodies,
                             [&](auto field) { return made.may_read(group, element, field); });
}

// The streams that the template may read.
std::vector<http::Body*> bodies_to_read(Exchange& exchange, const Template& made) {
  std::vector<http::Body*> bodies;
  const std::string_view active = exchange.active_namespace();
  const auto note = [&](http::Body& body, std::string_view name, std::string_view group,
                        std::string_view own) {
    const bool read =
        reads_body(made, group, name) || (name == active && reads_body(made, own, ""));
    if (read && body.is_stream()) bodies.push_back(&body);
  };
  exchange.each_namespace(
      [&](std::string_view name, http::Request* request, http::Response* response) {
        if (request != nullptr) note(request->body, name, "requests", "req");
        if (response != nullptr) note(response->body, name, "responses", "resp");
      });
  return bodies;
}

}  // namespace

templates::Delimiters DelimiterSpec::delimiters() const {
  const templates::Delimiters usual;
  return {left.empty() ? usual.left : left, right.empty() ? usual.right : right};
}

std::optional<Template> parse_template(const std::string& text, const DelimiterSpec& spec,
                                       const std::string& path, config::Faults& faults) {
  const templates::Delimiters delimiters = spec.delimiters();
  if (delimiters.left == delimiters.right) {
    faults.add(config::join_path(path, "rightDelim"), "is the same as leftDelim");
    return std::nullopt;
  }
  const std::string where = config::join_path(path, "template");
  auto made = Template::parse(text, delimiters, where, faults);
  if (!made) return made;
  warn_of_absent_fields(*made, where, faults);
  const std::vector<int> lines = made->bare_lines();
  for (const int line : std::set<int>(lines.begin(), lines.end())) {
    faults.warn(where, "line " + std::to_string(line) +
                           ": a quote in the value would end the text around it: add "
                           "| jsonEscape");
  }
  return made;
}

std::string log_name(const pipeline::FilterContext& context) {
  return context.pipeline + "/" + context.name;
}

bool lacks_client_json(Exchange& exchange, const Template& made) {
  constexpr std::string_view kField = "JSONBody";
  http::Request* request = exchange.request_of(kDefaultNamespace);
  if (request == nullptr || request->body.is_stream() || request->body.bytes().empty())
    return false;
  const bool own = exchange.active_namespace() == kDefaultNamespace;
  const bool reads = made.may_read("requests", kDefaultNamespace, kField) ||
                     (own && made.may_read("req", "", kField));
  return reads && !templates::parse_json(request->body.bytes());
}

Task<Result<void>> make_whole(Exchange& exchange, http::Body& body) {
  if (!body.is_stream()) {
    if (body.bytes().size() <= kBuilderBodyBytesMax) co_return Result<void>{};
    co_return fail(ErrorKind::too_large,
                   "a body is longer than " + std::to_string(kBuilderBodyBytesMax) + " bytes");
  }
  std::shared_ptr<http::BodyCharge> charge;
  if (exchange.memory)
    charge = std::make_shared<http::BodyCharge>(exchange.memory, MemoryUse::builder_bodies);
  auto held = co_await body.hold(kBuilderBodyBytesMax, std::move(charge));
  if (!held) co_return std::unexpected(std::move(held).error());
  if (*held) co_return Result<void>{};
  co_return fail(ErrorKind::too_large, "a body is longer than " +
                                           std::to_string(kBuilderBodyBytesMax) +
                                           " bytes, or than its connection's memory");
}

Task<Result<templates::Rendered>> render_exchange(Exchange& exchange, const Template& made,
                                                  templates::OutputForm form, TemplateLog& log) {
  const std::vector<http::Body*> bodies = bodies_to_read(exchange, made);
  for (http::Body* body : bodies) {
    auto whole = co_await make_whole(exchange, *body);
    if (!whole) co_return std::unexpected(std::move(whole).error());
  }
  const templates::Datum root = exchange_datum(exchange);
  const templates::RenderOptions options{.form = form, .host = &log};
  co_return made.render(root, options);
}

}  // namespace sluice::filters
