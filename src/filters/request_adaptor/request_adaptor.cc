// SPDX-License-Identifier: Apache-2.0
#include "filters/request_adaptor/request_adaptor.h"

#include <array>
#include <chrono>

#include "filters/builder/body_coding.h"
#include "filters/builder/built_message.h"
#include "filters/builder/header_template.h"
#include "filters/builder/message_source.h"
#include "filters/request_adaptor/path_change.h"
#include "filters/signer/signer.h"
#include "pipeline/exchange.h"
#include "pipeline/simple_kind.h"

namespace sluice::filters {
namespace {

using pipeline::Exchange;

// The changes that a spec and the output of its template may name.
struct RequestChangeSpec {
  std::string host;
  std::string method;
  PathChangeSpec path;
  HeaderChangeSpec header;
  std::string body;
  std::string compress;
  std::string decompress;

  void fields(auto& visit) {
    visit("host", host, {.doc = "the host, with a port if it is not the usual one"});
    visit("method", method, {.doc = "the method"});
    visit("path", path, {.doc = "the first that is given counts"});
    visit("header", header, {.doc = "changes of header fields"});
    visit("body", body, {.doc = "the body"});
    visit("compress", compress,
          {.one_of = {"gzip"}, .doc = "`gzip`: compresses a body without `Content-Encoding`"});
    visit("decompress", decompress,
          {.one_of = {"gzip"},
           .doc = "`gzip`: decompresses a body whose `Content-Encoding` is gzip"});
  }
  void check(const std::string& path, config::Faults& faults) const;
};

void RequestChangeSpec::check(const std::string& where, config::Faults& faults) const {
  if (!host.empty() && !http::is_host(host))
    faults.add(config::join_path(where, "host"), config::quote(host) + " is not a host");
  if (!method.empty() && !http::is_token(method))
    faults.add(config::join_path(where, "method"), config::quote(method) + " is not a method");
  header.check(config::join_path(where, "header"), Changed::request, faults);
  if (!compress.empty() && !decompress.empty())
    faults.add(config::join_path(where, "decompress"), "stands beside compress: leave one out");
  if (!body.empty() && !decompress.empty())
    faults.add(config::join_path(where, "decompress"), "stands beside body: leave one out");
}

struct SignSpec {
  SignSpec() { signature.literal = SignatureLiterals::aws4(); }

  std::string api_provider = "aws4";
  std::vector<std::string> scopes;
  SignatureSpec signature;

  void fields(auto& visit) {
    visit("apiProvider", api_provider, {.one_of = {"aws4"}, .doc = "whose form the signature has"});
    visit("scopes", scopes, {.doc = "such as region and service"});
    signature.visit_signer(visit);
  }
  void validate(const std::string& path, config::Faults& faults) const {
    signature.validate(path, faults);
    signature.literal.validate(config::join_path(path, "literal"), faults);
    if (signature.access_key_id.empty())
      faults.add(config::join_path(path, "accessKeyId"), "is required");
  }
};

struct RequestAdaptorSpec {
  pipeline::FilterMeta meta;
  RequestChangeSpec change;
  std::string text;
  DelimiterSpec delimiters;
  std::optional<SignSpec> sign;

  void fields(auto& visit) {
    meta.fields(visit);
    change.fields(visit);
    visit("template", text, {.doc = "makes YAML with the fields beside it, which go before them"});
    delimiters.fields(visit);
    visit("sign", sign, {.doc = "signs the request, after all other changes"});
  }
};

struct RequestAdaptorModel {
  RequestChangeSpec change;
  PathChange path;
  HeaderChange header;
  std::optional<YamlTemplate> made;
  std::optional<HeaderTemplate> made_header;
  std::optional<RequestSigner> signer;
  std::string log_name;

  [[nodiscard]] pipeline::NamesOthers::Names names() const {
    return made ? made->names() : pipeline::NamesOthers::Names();
  }
};

namespace adaptor_result {
constexpr std::string_view kDecompressFailed = "decompressFailed";
constexpr std::string_view kCompressFailed = "compressFailed";
constexpr std::string_view kSignFailed = "signFailed";
constexpr std::string_view kBadRequest = "badRequest";
}  // namespace adaptor_result

using namespace adaptor_result;

class RequestAdaptor final : public pipeline::Filter {
 public:
  static constexpr std::string_view kKind = "RequestAdaptor";
  static constexpr std::string_view kDescription = "Changes the request.";
  static constexpr std::array<std::string_view, 5> kResults = {kDecompressFailed, kCompressFailed,
                                                               kSignFailed, kBadRequest, kBuildErr};

  static RequestAdaptorModel prepare(const RequestAdaptorSpec& spec,
                                     const pipeline::FilterContext& context,
                                     config::Faults& faults) {
    RequestAdaptorModel model;
    const std::string& where = context.path;
    model.change = spec.change;
    model.log_name = log_name(context);
    spec.change.check(where, faults);
    if (const auto reason = config::check_format(config::Format::http_method, spec.change.method);
        reason && !spec.change.method.empty() && http::is_token(spec.change.method))
      faults.add(config::join_path(where, "method"), *reason);
    model.path = PathChange(spec.change.path, config::join_path(where, "path"), faults);
    if (!spec.text.empty())
      model.made = YamlTemplate::parse(spec.text, spec.delimiters, where, faults);
    model.header = HeaderChange(spec.change.header);
    if (model.made) check_template(*model.made, where, faults);
    if (model.made)
      model.made_header = HeaderTemplate::make(*model.made, spec.change.header, Changed::request);
    if (spec.sign) model.signer.emplace(spec.sign->signature, spec.sign->scopes);
    return model;
  }

  RequestAdaptor(std::shared_ptr<const RequestAdaptorModel> model, Logger logger)
      : model_(std::move(model)), log_(std::move(logger), model_->log_name) {}

  Task<std::string_view> handle(Exchange& exchange) override {
    http::Request* request = exchange.request();
    if (request == nullptr) co_return "";
    if (!model_->made) {
      auto changed =
          change(exchange, *request, model_->change, model_->path, model_->header, nullptr);
      co_return co_await std::move(changed);
    }
    auto rendering = model_->made->render(exchange, log_);
    auto yaml = co_await std::move(rendering);
    if (!yaml) {
      if (model_->made->lacks_client_json(exchange))
        co_return answer(exchange, kNoJson, kBuildErr, yaml.error());
      co_return refuse(exchange, kBuildErr, yaml.error());
    }
    if (model_->made_header) {
      if (const auto values = model_->made_header->values(*yaml)) {
        auto changed = change(exchange, *request, model_->change, model_->path,
                              model_->made_header->change(), &values->made);
        co_return co_await std::move(changed);
      }
    }
    RequestChangeSpec over = model_->change;
    PathChange path = model_->path;
    const Result<void> read = read_output(*std::move(yaml), over, path);
    if (!read) co_return refuse(exchange, kBuildErr, read.error());
    const HeaderChange header(over.header);
    auto changed = change(exchange, *request, over, path, header, nullptr);
    co_return co_await std::move(changed);
  }

 private:
  static void check_template(const YamlTemplate& made, const std::string& path,
                             config::Faults& faults) {
    auto fixed = made.fixed_part();
    if (!fixed) return;
    RequestChangeSpec scratch;
    PathChange path_scratch;
    add_template_faults(read_output(*std::move(fixed), scratch, path_scratch), path, faults);
  }

  // A field that the template leaves out keeps the value of the spec. Headers of the template come
  // after those of the spec.
  static Result<void> read_output(MadeYaml yaml, RequestChangeSpec& over, PathChange& path) {
    SLUICE_TRY(const config::Value value, parse_output(std::move(yaml), Described::changes));
    config::Faults faults;
    const HeaderChangeSpec fixed = std::exchange(over.header, {});
    over.path = {};
    config::Decoder decoder(value, "", faults);
    over.fields(decoder);
    decoder.finish();
    over.check("", faults);
    over.header.check_made("header", faults);
    PathChange made(over.path, "path", faults);
    if (!made.empty()) path = std::move(made);
    over.header.put_before(fixed);
    if (faults.empty()) return {};
    return std::unexpected(faults.to_error());
  }

  Task<std::string_view> change(Exchange& exchange, http::Request& request,
                                const RequestChangeSpec& spec, const PathChange& path,
                                const HeaderChange& header, const HeaderChange::Made* made) {
    if (const http::Refusal refusal = http::refusal_of_path(path.apply(request))) {
      const char* reason =
          refusal.status == 414 ? "the path becomes too long" : "the path gets dot segments";
      co_return answer(exchange, refusal, kBadRequest, Error{ErrorKind::invalid, reason});
    }
    if (!spec.method.empty()) request.method = spec.method;
    if (!spec.host.empty()) request.host = spec.host;
    if (!spec.body.empty()) replace_body(request, spec.body);
    header.apply_to_request(request, made);
    if (!spec.decompress.empty()) {
      const auto done = co_await decompress_body(exchange, request.headers, request.body);
      if (!done) co_return answer(exchange, kUndecodable, kDecompressFailed, done.error());
    }
    if (!spec.compress.empty()) {
      const auto done = co_await compress_body(exchange, request.headers, request.body);
      if (!done) co_return answer(exchange, kTooLarge, kCompressFailed, done.error());
    }
    co_return sign(exchange, request);
  }
  static void replace_body(http::Request& request, const std::string& body) {
    request.body.assign(body);
    forget_body(request.headers, request.body);
  }
  std::string_view sign(Exchange& exchange, http::Request& request) {
    if (!model_->signer) return "";
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const auto signature = model_->signer->sign(request, now);
    return signature ? "" : refuse(exchange, kSignFailed, signature.error());
  }
  std::string_view refuse(Exchange& exchange, std::string_view result, const Error& error) const {
    note_build_error(exchange, model_->log_name, error);
    return result;
  }
  static constexpr http::Refusal kNoJson{400, http::Cause::body_not_json};
  static constexpr http::Refusal kUndecodable{400, http::Cause::body_undecodable};
  static constexpr http::Refusal kTooLarge{413, http::Cause::body_too_large};
  std::string_view answer(Exchange& exchange, http::Refusal refusal, std::string_view result,
                          const Error& error) const {
    exchange.gateway_response(refusal.status, refusal.cause);
    return refuse(exchange, result, error);
  }

  std::shared_ptr<const RequestAdaptorModel> model_;
  TemplateLog log_;
};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_request_adaptor_kind(Logger logger) {
  return std::make_unique<pipeline::SimpleKind<RequestAdaptorSpec, RequestAdaptor, Logger>>(
      std::move(logger));
}

}  // namespace sluice::filters
