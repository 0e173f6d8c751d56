// SPDX-License-Identifier: Apache-2.0
#include "filters/validator/model.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/file.h"
#include "http/headers.h"
#include "net/tls/tls_client_context.h"

namespace sluice::filters {
namespace {

using config::join_path;

static_assert(kKeySetBytesMax <= LastGood::kPassedOnBytesMax);
static_assert(kHtpasswdBytesMax <= LastGood::kPassedOnBytesMax);

constexpr std::size_t kCaBytesMax = 1 << 20;
constexpr Duration kFilePatience = std::chrono::seconds(2);
constexpr std::string_view kNobodyPasses = "until it is there, nobody passes";
constexpr std::int64_t kIntrospectionBytesMax = 64 << 10;

// TLS for the URL of a service; null if the URL needs none, or with a fault.
std::shared_ptr<const net::TlsClientContext> tls_for(const std::string& url,
                                                     const std::string& ca_file, bool insecure,
                                                     const std::string& path,
                                                     config::Faults& faults) {
  if (!url.starts_with("https://")) return nullptr;
  net::TlsClientOptions options;
  options.verify = !insecure;
  options.protocols.emplace_back("http/1.1");
  if (!ca_file.empty()) {
    auto pem = read_file(ca_file, kCaBytesMax);
    if (!pem) {
      faults.add(path, pem.error().message);
      return nullptr;
    }
    options.authorities = *std::move(pem);
  }
  const auto context = net::TlsClientContext::create(options);
  if (context) return *context;
  for (const auto& fault : context.error()) faults.add(path, fault.text);
  return nullptr;
}

std::shared_ptr<const backend::SideService> service_at(
    const std::string& url, std::shared_ptr<const net::TlsClientContext> tls, Duration timeout,
    std::int64_t bytes_max, unsigned core_count, const std::string& path, config::Faults& faults) {
  backend::SideLimits limits;
  limits.timeout = timeout;
  limits.body_bytes_max = bytes_max;
  limits.repeatable = true;  // questions change nothing
  auto service = backend::SideService::make(url, std::move(tls), limits, core_count);
  if (service) return *std::move(service);
  faults.add(path, service.error().message);
  return nullptr;
}

class ModelBuilder {
 public:
  ModelBuilder(ValidatorModel& model, const pipeline::FilterContext& context,
               config::Faults& faults)
      : model_(model), spec_(model.spec), context_(context), faults_(faults) {}

  void build() {
    build_headers();
    if (spec_.jwt) build_jwt(*spec_.jwt, join_path(context_.path, "jwt"));
    if (spec_.signature) model_.signature.emplace(*spec_.signature);
    if (spec_.oauth2) build_oauth2(*spec_.oauth2, join_path(context_.path, "oauth2"));
    if (spec_.basic_auth) build_users(*spec_.basic_auth);
    for (const std::string& name : model_.own_headers) model_.twins.add(name);
  }

 private:
  void build_headers() {
    const std::string path = join_path(context_.path, "headers");
    for (const auto& [name, rule] : spec_.headers) {
      HeaderRule built{name, rule.values, std::nullopt};
      if (!rule.regexp.empty()) {
        built.regexp = StringMatcher::build({.regex = rule.regexp}, join_path(path, name), faults_);
      }
      model_.headers.push_back(std::move(built));
      model_.twins.add(name);
    }
  }

  void build_jwt(const JwtSpec& jwt, const std::string& path) {
    model_.jwt_rules = {jwt.issuer, jwt.audience, jwt.required_claims, jwt.leeway};
    for (const auto& [claim, header] : jwt.claims_to_headers) model_.own_headers.push_back(header);
    if (jwt.jwks) return build_jwks(*jwt.jwks, join_path(path, "jwks"));
    model_.jwt_keys = std::make_shared<Followed<KeySet>>();
    model_.jwt_keys->store(std::make_shared<const KeySet>(jwt.key.make()));
  }

  void build_jwks(const JwksSpec& jwks, const std::string& path) {
    const std::size_t faults_before = faults_.count();
    auto tls = tls_for(jwks.url, jwks.ca_file, false, join_path(path, "caFile"), faults_);
    if (tls) note_authorities(*tls, jwks.ca_file);
    auto service = service_at(jwks.url, std::move(tls), jwks.timeout, kKeySetBytesMax, 1,
                              join_path(path, "url"), faults_);
    if (faults_.count() != faults_before) return;
    if (!model_.services.checks) return faults_.warn(join_path(path, "url"), "is not asked here");
    const std::string name = "the keys of " + context_.pipeline + "/" + context_.name;
    // With other authorities, another server may have to answer.
    const auto last = last_good("jwksText", name, Json{jwks.url, jwks.ca_file}.dump());
    const std::string terms = config::encode(jwks).dump();
    model_.jwks = context_.states.keep("jwks", terms, [&] {
      backend::DocumentSource source;
      source.name = name;
      source.service = std::move(service);
      source.refresh = jwks.refresh;
      return std::make_shared<KeptDocument<KeySet>>(
          model_.services, std::move(source),
          [allowed = jwks.allowed()](std::string_view text) {
            return KeySet::parse(text, allowed);
          },
          last);
    });
    model_.jwt_keys = model_.jwks->followed();
    // In a hot restart, requests wait for this build.
    const bool inherited = last->has_just_learnt();
    warn_if_absent(*model_.jwks, inherited ? Duration::zero() : jwks.timeout + jwks.timeout / 4,
                   join_path(path, "url"), "until it has been read once, no token passes");
  }

  void note_authorities(const net::TlsClientContext& tls, const std::string& file) {
    for (net::CertificateEnd& end : tls.certificates()) {
      end.place = "jwt.jwks.caFile " + file;
      model_.certificates.push_back(std::move(end));
    }
  }

  void build_oauth2(const OAuth2Spec& oauth2, const std::string& path) {
    model_.own_headers.emplace_back("X-Authenticated-Userid");
    model_.own_headers.emplace_back("X-Authenticated-Scope");
    if (oauth2.jwt) {
      model_.oauth2_keys = std::make_shared<Followed<KeySet>>();
      model_.oauth2_keys->store(std::make_shared<const KeySet>(oauth2.jwt->key.make()));
      return;
    }
    const TokenIntrospectSpec& ask = *oauth2.token_introspect;
    const std::string where = join_path(join_path(path, "tokenIntrospect"), "endPoint");
    auto tls = tls_for(ask.end_point, "", ask.insecure_tls, where, faults_);
    model_.introspector =
        service_at(ask.end_point, std::move(tls), ask.timeout, kIntrospectionBytesMax,
                   model_.services.core_count, where, faults_);
  }

  void build_users(const BasicAuthSpec& basic) {
    model_.own_headers.emplace_back("X-AUTH-USER");
    if (basic.mode != "FILE") return;
    const std::string path = join_path(join_path(context_.path, "basicAuth"), "userFile");
    if (!model_.services.checks) return read_users_once(basic, path);
    const std::string name = "the users of " + context_.pipeline + "/" + context_.name;
    const auto last = last_good("usersText", name, basic.user_file);
    model_.users = context_.states.keep("users", basic.user_file, [&] {
      backend::DocumentSource source;
      source.name = name;
      source.file = basic.user_file;
      source.bytes_max = kHtpasswdBytesMax;
      source.refresh = std::chrono::seconds(1);
      return std::make_shared<KeptDocument<UserFile>>(
          model_.services, std::move(source),
          [](std::string_view text) -> Result<UserFile> {
            UserFile users;
            users.table = HtpasswdTable::parse(text, users.left_out);
            return users;
          },
          last);
    });
    warn_if_absent(*model_.users, kFilePatience, path, kNobodyPasses);
    const auto users = model_.users->followed()->load();
    if (users == nullptr) return;
    for (const std::string& line : users->left_out) faults_.warn(path, line);
  }

  // `source`: what the text is of, whatever else the spec says.
  [[nodiscard]] std::shared_ptr<LastGood> last_good(std::string_view state, const std::string& name,
                                                    const std::string& source) const {
    return context_.states.keep(state, source, [&] {
      return std::make_shared<LastGood>(name, source, model_.services.logger);
    });
  }

  void read_users_once(const BasicAuthSpec& basic, const std::string& path) {
    const auto text = read_file(basic.user_file, kHtpasswdBytesMax);
    if (!text) return faults_.warn(path, text.error().message + "; " + std::string(kNobodyPasses));
    std::vector<std::string> left_out;
    (void)HtpasswdTable::parse(*text, left_out);
    for (const std::string& line : left_out) faults_.warn(path, line);
  }

  template <class T>
  void warn_if_absent(const KeptDocument<T>& kept, Duration patience, const std::string& path,
                      std::string_view effect) {
    const bool ended = kept.document().wait_for_first(patience);
    const auto status = kept.document().status();
    if (status.error.empty() && (ended || patience == Duration::zero())) return;
    const bool held = kept.followed()->version() != 0;
    faults_.warn(path, (status.error.empty() ? "does not answer" : status.error) + "; " +
                           (held ? "what was read before holds" : std::string(effect)));
  }

  ValidatorModel& model_;
  const ValidatorSpec& spec_;
  const pipeline::FilterContext& context_;
  config::Faults& faults_;
};

Json status_of(const backend::WatchedDocument& document) {
  const auto status = document.status();
  Json json{{"readAtMs", status.taken_ms}};
  if (!status.error.empty()) json["error"] = status.error;
  return json;
}

}  // namespace

bool HeaderRule::holds_for(const http::Headers& fields) const {
  const auto fits = [this](std::string_view value) {
    if (std::ranges::find(values, value) != values.end()) return true;
    return regexp && regexp->matches(value);
  };
  bool present = false;
  for (const http::Field& field : fields) {
    if (!http::iequals(field.name, name)) continue;
    present = true;
    if (!fits(field.value)) return false;
  }
  return present || std::ranges::find(values, "") != values.end();
}

Json ValidatorModel::status() const {
  Json json;
  if (jwks) json["jwks"] = status_of(jwks->document());
  if (users) json["userFile"] = status_of(users->document());
  return json;
}

std::string ValidatorModel::why_nobody_passes() const {
  const auto missing = [](const auto& kept) {
    if (!kept || kept->followed()->version() != 0) return std::string();
    return kept->document().status().error;
  };
  if (std::string error = missing(users); !error.empty())
    return "basicAuth.userFile: " + error + "; nobody passes here";
  if (std::string error = missing(jwks); !error.empty())
    return "jwt.jwks.url: " + error + "; no token passes here";
  return "";
}

ValidatorModel build_model(ValidatorSpec spec, const DocumentServices& services,
                           std::shared_ptr<loop::BlockingPool> hashing,
                           const pipeline::FilterContext& context, config::Faults& faults) {
  ValidatorModel model;
  model.spec = std::move(spec);
  model.services = services;
  model.hashing = std::move(hashing);
  ModelBuilder(model, context, faults).build();
  return model;
}

}  // namespace sluice::filters
