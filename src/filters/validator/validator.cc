// SPDX-License-Identifier: Apache-2.0
#include "filters/validator/validator.h"
#include "base/time.h"

#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "filters/validator/facts.h"
#include "filters/validator/introspection.h"
#include "filters/validator/model.h"
#include "filters/validator/password_check.h"
#include "filters/validator/token_check.h"
#include "http/withheld_trailers.h"
#include "pipeline/exchange.h"
#include "pipeline/holds_certificates.h"
#include "pipeline/names_others.h"
#include "pipeline/refuses_all.h"

namespace sluice::filters {
namespace {

constexpr std::array<std::string_view, 1> kValidatorResults = {"invalid"};

constexpr int kBadRequest = 400;
constexpr int kUnauthorized = 401;
constexpr int kUnavailable = 503;

const std::map<std::string, std::string> kOAuth2Claims = {{"sub", "X-Authenticated-Userid"},
                                                          {"scope", "X-Authenticated-Scope"}};
const JwtRules kNoRules;

struct Check {
  std::string_view name;  // for the tag
  http::Cause cause;
};
constexpr Check kHeaderCheck{"header validator", http::Cause::header_invalid};
constexpr Check kJwtCheck{"JWT validator", http::Cause::jwt_refused};
constexpr Check kSignatureCheck{"signature validator", http::Cause::signature_refused};
constexpr Check kOAuth2Check{"oauth2 validator", http::Cause::oauth2_refused};
constexpr Check kPasswordCheck{"http basic validator", http::Cause::password_refused};

Verdict refuse(int status, const Check& check, std::string_view reason,
               std::string challenge = "") {
  return {status, check.name, reason, check.cause, std::move(challenge)};
}

// RFC 6750 section 3: a request without a token gets no error code.
Verdict refuse_token(const Check& check, std::string_view fault) {
  return refuse(kUnauthorized, check, fault,
                fault == kNoToken ? "Bearer" : "Bearer error=\"invalid_token\"");
}

class Validator final : public pipeline::Filter {
 public:
  Validator(const loop::Core& core, std::shared_ptr<const ValidatorModel> model)
      : model_(std::move(model)) {
    const ValidatorSpec& spec = model_->spec;
    if (spec.jwt)
      jwt_.emplace(core, model_->jwt_keys, model_->jwt_rules, spec.jwt->claims_to_headers);
    if (model_->oauth2_keys) oauth2_.emplace(core, model_->oauth2_keys, kNoRules, kOAuth2Claims);
    if (model_->introspector)
      introspection_.emplace(core, *spec.oauth2->token_introspect, model_->introspector,
                             [] { return static_cast<double>(unix_time_ms()) / 1000; });
    if (spec.basic_auth) passwords_.emplace(core, *model_);
  }

  Task<std::string_view> handle(pipeline::Exchange& exchange) override {
    http::Request* request = exchange.request();
    if (request == nullptr) {
      constexpr Check kCheck{"validator", http::Cause::no_request};
      answer(refuse(kBadRequest, kCheck, "there is no request"), exchange);
      co_return kValidatorResults[0];
    }
    for (const std::string& name : model_->own_headers) request->headers.remove(name);
    model_->twins.remove_from(request->headers);
    http::withhold_trailers(request->body, model_->twins);
    NewHeaders found;
    Verdict verdict = check_at_once(*request, found);
    if (verdict.passes() && model_->spec.oauth2) verdict = co_await check_oauth2(*request, found);
    if (verdict.passes() && passwords_)
      verdict = co_await check_password(exchange, *request, found);
    if (!verdict.passes()) {
      answer(verdict, exchange);
      co_return kValidatorResults[0];
    }
    for (const auto& [name, value] : found) request->headers.set(name, value);
    co_return "";
  }

 private:
  Verdict check_at_once(const http::Request& request, NewHeaders& found) {
    for (const HeaderRule& rule : model_->headers) {
      if (!rule.holds_for(request.headers))
        return refuse(kBadRequest, kHeaderCheck, "a header is not as it must be");
    }
    if (jwt_) {
      const FoundToken token = cookie_or_bearer_token(request, model_->spec.jwt->cookie_name);
      const std::string_view fault =
          token.fault.empty() ? jwt_->check(token.text, found) : token.fault;
      // The set of keys may have a new one.
      if (fault == jwt_fault::kUnknownKey && model_->jwks) model_->jwks->document().hurry();
      if (!fault.empty()) return refuse_token(kJwtCheck, fault);
    }
    if (!model_->signature) return {};
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const std::string_view fault = model_->signature->fault_of(request, now);
    if (fault.empty()) return {};
    return refuse(kUnauthorized, kSignatureCheck, fault,
                  model_->spec.signature->literal.algorithm_value);
  }

  Task<Verdict> check_oauth2(const http::Request& request, NewHeaders& found) {
    const FoundToken token = bearer_token(request);
    if (!token.fault.empty()) co_return refuse_token(kOAuth2Check, token.fault);
    if (token.text.size() > kTokenBytesMax)
      co_return refuse_token(kOAuth2Check, jwt_fault::kTooLarge);
    std::string_view fault;
    if (oauth2_) {
      fault = oauth2_->check(token.text, found);
    } else {
      auto asked = introspection_->ask(std::string(token.text));
      IntrospectedToken known = co_await std::move(asked);
      fault = known.fault;
      found.insert(found.end(), known.headers.begin(), known.headers.end());
    }
    if (!fault.empty()) co_return refuse_token(kOAuth2Check, fault);
    co_return Verdict();
  }

  Task<Verdict> check_password(const pipeline::Exchange& exchange, const http::Request& request,
                               NewHeaders& found) {
    const FoundToken text = credentials_of(request, "Basic");
    auto pair = text.fault.empty() ? read_basic(text.text) : std::nullopt;
    std::string_view fault = text.fault;
    if (fault.empty() && !pair) fault = "the header is malformed";
    if (fault.empty()) {
      found.emplace_back("X-AUTH-USER", pair->name);
      std::shared_ptr<const pipeline::CustomDataSnapshot> data;
      if (exchange.custom_data != nullptr) data = exchange.custom_data->get();
      auto check = passwords_->check(*std::move(pair), std::move(data));
      fault = co_await std::move(check);
    }
    if (fault.empty()) co_return Verdict();
    if (fault == PasswordCheck::kBusy) {
      constexpr Check kBusyCheck{kPasswordCheck.name, http::Cause::validator_busy};
      co_return refuse(kUnavailable, kBusyCheck, fault);
    }
    co_return refuse(kUnauthorized, kPasswordCheck, fault,
                     "Basic realm=\"" + model_->spec.basic_auth->realm + "\", charset=\"UTF-8\"");
  }

  static void answer(const Verdict& verdict, pipeline::Exchange& exchange) {
    http::Response& response = exchange.gateway_response(verdict.status, verdict.cause);
    if (!verdict.challenge.empty()) response.headers.set("WWW-Authenticate", verdict.challenge);
    if (verdict.status == kUnavailable) response.headers.set("Retry-After", "1");
    exchange.add_tag(std::string(verdict.check) + ": " + std::string(verdict.reason));
  }

  const std::shared_ptr<const ValidatorModel> model_;
  std::optional<TokenCheck> jwt_;
  std::optional<TokenCheck> oauth2_;
  std::optional<Introspection> introspection_;
  std::optional<PasswordCheck> passwords_;
};

class ValidatorPrototype final : public pipeline::FilterPrototype,
                                 public pipeline::HoldsCertificates,
                                 public pipeline::NamesOthers,
                                 public pipeline::RefusesAll {
 public:
  ValidatorPrototype(Json spec, std::shared_ptr<const ValidatorModel> model)
      : spec_(std::move(spec)), model_(std::move(model)) {}

  Json spec() const override { return spec_; }
  Json status() const override { return model_->status(); }
  std::string why_nobody_passes() const override { return model_->why_nobody_passes(); }
  net::CertificateEnds certificates() const override { return model_->certificates; }
  Names names() const override {
    const auto& passwords = model_->spec.basic_auth;
    if (!passwords || passwords->mode != "ETCD") return {};
    return {.custom_kinds = {{"basicAuth.etcdPrefix", passwords->custom_kind()}}};
  }
  std::unique_ptr<pipeline::Filter> instantiate(const loop::Core& core) const override {
    return std::make_unique<Validator>(core, model_);
  }

 private:
  Json spec_;
  std::shared_ptr<const ValidatorModel> model_;
};

class ValidatorKind final : public pipeline::FilterKind {
 public:
  explicit ValidatorKind(DocumentServices services)
      : services_(std::move(services)),
        hashing_(std::make_shared<loop::BlockingPool>(services_.core_count)) {}

  std::string_view name() const override { return "Validator"; }
  std::span<const std::string_view> results() const override { return kValidatorResults; }
  std::string_view description() const override {
    return "Checks who sends a request: headers, tokens, signatures, passwords.";
  }
  Json schema() const override { return config::schema<ValidatorSpec>(); }
  std::shared_ptr<const pipeline::FilterPrototype> build(const config::Value& value,
                                                         const pipeline::FilterContext& context,
                                                         config::Faults& faults) const override {
    const std::size_t faults_before = faults.count();
    auto spec = config::decode<ValidatorSpec>(value, context.path, faults);
    if (faults.count() != faults_before) return nullptr;
    Json json = config::encode(spec);
    auto model = std::make_shared<const ValidatorModel>(
        build_model(std::move(spec), services_, hashing_, context, faults));
    if (faults.count() != faults_before) return nullptr;
    return std::make_shared<ValidatorPrototype>(std::move(json), std::move(model));
  }

 private:
  DocumentServices services_;
  std::shared_ptr<loop::BlockingPool> hashing_;
};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_validator_kind(DocumentServices services) {
  return std::make_unique<ValidatorKind>(std::move(services));
}

}  // namespace sluice::filters
