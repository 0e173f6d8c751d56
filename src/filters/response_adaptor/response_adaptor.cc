// SPDX-License-Identifier: Apache-2.0
#include "filters/response_adaptor/response_adaptor.h"

#include <array>

#include "filters/builder/body_coding.h"
#include "filters/builder/built_message.h"
#include "filters/builder/header_template.h"
#include "filters/builder/message_source.h"
#include "pipeline/exchange.h"
#include "pipeline/response_side.h"
#include "pipeline/simple_kind.h"

namespace sluice::filters {
namespace {

using pipeline::Exchange;

// The changes that a spec and the output of its template may name.
struct ResponseChangeSpec {
  HeaderChangeSpec header;
  std::string body;
  std::string compress;
  std::string decompress;

  void fields(auto& visit) {
    visit("header", header, {.doc = "changes of header fields"});
    visit("body", body, {.doc = "replaces the body"});
    visit(
        "compress", compress,
        {.one_of = {"gzip"},
         .doc =
             "`gzip`: compresses a body without `Content-Encoding`, whatever the client accepts"});
    visit("decompress", decompress,
          {.one_of = {"gzip"},
           .doc = "`gzip`: decompresses a body whose `Content-Encoding` is gzip"});
  }
  void check(const std::string& path, config::Faults& faults) const;
};

void ResponseChangeSpec::check(const std::string& where, config::Faults& faults) const {
  header.check(config::join_path(where, "header"), Changed::response, faults);
  if (!compress.empty() && !decompress.empty())
    faults.add(config::join_path(where, "decompress"), "stands beside compress: leave one out");
  if (!body.empty() && !decompress.empty())
    faults.add(config::join_path(where, "decompress"), "stands beside body: leave one out");
}

struct ResponseAdaptorSpec {
  pipeline::FilterMeta meta;
  ResponseChangeSpec change;
  std::string text;
  DelimiterSpec delimiters;

  void fields(auto& visit) {
    meta.fields(visit);
    change.fields(visit);
    visit("template", text, {.doc = "makes YAML with the fields beside it, which go before them"});
    delimiters.fields(visit);
  }
};

struct ResponseAdaptorModel {
  ResponseChangeSpec change;
  HeaderChange header;
  std::optional<YamlTemplate> made;
  std::optional<HeaderTemplate> made_header;
  std::string log_name;

  [[nodiscard]] pipeline::NamesOthers::Names names() const {
    return made ? made->names() : pipeline::NamesOthers::Names();
  }
};

constexpr std::string_view kResponseNotFound = "responseNotFound";
constexpr std::string_view kResponseNotCompressed = "compressFailed";
constexpr std::string_view kResponseNotDecompressed = "decompressFailed";

// The bodies of other responses are not there, or a tunnel.
bool has_whole_body(Exchange& exchange, const http::Response& response) {
  const http::Request* request = exchange.request();
  const bool head = request != nullptr && request->method == "HEAD";
  return !head && response.status >= 200 && response.status != 204 && response.status != 304;
}

class ResponseAdaptor final : public pipeline::Filter {
 public:
  static constexpr std::string_view kKind = "ResponseAdaptor";
  static constexpr std::string_view kDescription = "Changes the response.";
  static constexpr std::array<std::string_view, 4> kResults = {
      kResponseNotFound, kResponseNotCompressed, kResponseNotDecompressed, kBuildErr};

  static ResponseAdaptorModel prepare(const ResponseAdaptorSpec& spec,
                                      const pipeline::FilterContext& context,
                                      config::Faults& faults) {
    ResponseAdaptorModel model;
    model.change = spec.change;
    model.log_name = log_name(context);
    spec.change.check(context.path, faults);
    if (!spec.text.empty())
      model.made = YamlTemplate::parse(spec.text, spec.delimiters, context.path, faults);
    model.header = HeaderChange(spec.change.header);
    if (model.made) check_template(*model.made, context.path, faults);
    if (model.made)
      model.made_header = HeaderTemplate::make(*model.made, spec.change.header, Changed::response);
    return model;
  }

  ResponseAdaptor(std::shared_ptr<const ResponseAdaptorModel> model, Logger logger)
      : model_(std::move(model)), log_(std::move(logger), model_->log_name) {}

  Task<std::string_view> handle(Exchange& exchange) override;

  // The result for the response that is there.
  Task<std::string_view> adapt(Exchange& exchange, http::Response& response) {
    if (!model_->made) {
      auto changed = change(exchange, response, model_->change, model_->header, nullptr);
      co_return co_await std::move(changed);
    }
    auto rendering = model_->made->render(exchange, log_);
    auto yaml = co_await std::move(rendering);
    if (!yaml) co_return refuse(exchange, kBuildErr, yaml.error());
    if (model_->made_header) {
      if (const auto values = model_->made_header->values(*yaml)) {
        auto changed = change(exchange, response, model_->change, model_->made_header->change(),
                              &values->made);
        co_return co_await std::move(changed);
      }
    }
    ResponseChangeSpec over = model_->change;
    const Result<void> read = read_output(*std::move(yaml), over);
    if (!read) co_return refuse(exchange, kBuildErr, read.error());
    const HeaderChange header(over.header);
    auto changed = change(exchange, response, over, header, nullptr);
    co_return co_await std::move(changed);
  }

 private:
  static void check_template(const YamlTemplate& made, const std::string& path,
                             config::Faults& faults) {
    auto fixed = made.fixed_part();
    if (!fixed) return;
    ResponseChangeSpec scratch;
    add_template_faults(read_output(*std::move(fixed), scratch), path, faults);
  }

  // A field that the template leaves out keeps the value of the spec. Headers of the template come
  // after those of the spec.
  static Result<void> read_output(MadeYaml yaml, ResponseChangeSpec& over) {
    SLUICE_TRY(const config::Value value, parse_output(std::move(yaml), Described::changes));
    config::Faults faults;
    const HeaderChangeSpec fixed = std::exchange(over.header, {});
    config::Decoder decoder(value, "", faults);
    over.fields(decoder);
    decoder.finish();
    over.check("", faults);
    over.header.check_made("header", faults);
    over.header.put_before(fixed);
    if (faults.empty()) return {};
    return std::unexpected(faults.to_error());
  }

  Task<std::string_view> change(Exchange& exchange, http::Response& response,
                                const ResponseChangeSpec& spec, const HeaderChange& header,
                                const HeaderChange::Made* made) {
    const bool has_body = has_whole_body(exchange, response);
    if (has_body && !spec.body.empty()) {
      response.body.assign(spec.body);
      forget_body(response.headers, response.body);
    }
    header.apply_to_response(response, made);
    if (!has_body) co_return "";
    if (!spec.decompress.empty()) {
      const auto done = co_await decompress_body(exchange, response.headers, response.body);
      if (!done) co_return refuse(exchange, kResponseNotDecompressed, done.error());
    }
    if (!spec.compress.empty()) {
      const auto done = co_await compress_body(exchange, response.headers, response.body);
      if (!done) co_return refuse(exchange, kResponseNotCompressed, done.error());
    }
    co_return "";
  }
  std::string_view refuse(Exchange& exchange, std::string_view result, const Error& error) const {
    note_build_error(exchange, model_->log_name, error);
    return result;
  }

  std::shared_ptr<const ResponseAdaptorModel> model_;
  TemplateLog log_;
};

// For a filter that stands before the one that makes the response.
class LaterResponse final : public pipeline::ResponseSide {
 public:
  explicit LaterResponse(ResponseAdaptor& filter) : filter_(filter) {}
  Task<void> respond(Exchange& exchange) override {
    http::Response* response = exchange.response();
    if (response == nullptr) co_return;
    const std::string_view result = co_await filter_.adapt(exchange, *response);
    // A response that cannot be changed does not leave as it is: its body may be half read.
    if (!result.empty()) exchange.gateway_response(503, http::Cause::response_unchangeable);
  }

 private:
  ResponseAdaptor& filter_;
};

Task<std::string_view> ResponseAdaptor::handle(Exchange& exchange) {
  http::Response* response = exchange.response();
  if (response != nullptr) {
    auto adapted = adapt(exchange, *response);
    const std::string_view result = co_await std::move(adapted);
    if (!result.empty()) exchange.gateway_response(503, http::Cause::response_unchangeable);
    co_return result;
  }
  if (exchange.at_last_node) co_return kResponseNotFound;
  exchange.add_response_side(std::make_unique<LaterResponse>(*this));
  co_return "";
}

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_response_adaptor_kind(Logger logger) {
  return std::make_unique<pipeline::SimpleKind<ResponseAdaptorSpec, ResponseAdaptor, Logger>>(
      std::move(logger));
}

}  // namespace sluice::filters
