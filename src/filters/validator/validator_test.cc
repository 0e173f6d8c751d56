// SPDX-License-Identifier: Apache-2.0
// Covers: model.cc
// Covers: password_check.cc
// Covers: spec.cc
// Covers: token_check.cc
#include "filters/validator/validator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "base/text.h"
#include "filters/signer/signer.h"
#include "filters/validator/testing/token_maker.h"
#include "loop/testing/run_to_completion.h"
#include "pipeline/custom_data.h"
#include "pipeline/exchange.h"

namespace sluice::filters {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

const std::string kSharedSecret = "a secret of more than thirty-two bytes";

class ValidatorTest : public ::testing::Test {
 protected:
  ValidatorTest()
      : kind_(make_validator_kind({std::make_shared<backend::HealthThread>(),
                                   std::make_shared<loop::BlockingPool>(2), Logger(), 1})) {}

  std::shared_ptr<const pipeline::FilterPrototype> build(const std::string& fields,
                                                         config::Faults& faults,
                                                         const pipeline::StateScope& states = {}) {
    const auto value = config::parse_document("{name: check, kind: Validator, " + fields + "}");
    EXPECT_TRUE(value) << value.error().message << fields;
    return kind_->build(*value, {.pipeline = "p", .name = "check", .path = "f", .states = states},
                        faults);
  }
  void make(const std::string& fields) {
    config::Faults faults;
    prototype_ = build(fields, faults);
    ASSERT_THAT(faults.lines(), IsEmpty());
    filter_ = prototype_->instantiate(core_);
  }
  std::vector<std::string> faults_of(const std::string& fields) {
    config::Faults faults;
    const bool refused = build(fields, faults) == nullptr;
    EXPECT_EQ(refused, !faults.empty());
    return faults.lines();
  }

  http::Headers& headers() { return exchange_.request()->headers; }
  // "" if the request passes, else "status tag".
  std::string run() {
    exchange_.drop_response();
    exchange_.tags().clear();
    const auto result = loop::run_to_completion(loop_, filter_->handle(exchange_));
    if (result.empty()) {
      EXPECT_EQ(exchange_.response(), nullptr);
      return "";
    }
    EXPECT_EQ(result, "invalid");
    EXPECT_TRUE(exchange_.response()->body.bytes().empty());
    EXPECT_EQ(exchange_.tags().size(), 1U);
    return std::to_string(exchange_.response()->status) + " " + exchange_.tags().at(0);
  }
  std::string run_with(std::string_view name, std::string_view value) {
    headers().clear();
    headers().add(name, value);
    return run();
  }
  std::string bearer(const std::string& token) {
    return run_with("Authorization", "Bearer " + token);
  }
  std::string challenge() {
    return std::string(exchange_.response()->headers.get("WWW-Authenticate").value_or(""));
  }
  std::string header(std::string_view name) {
    return std::string(headers().get(name).value_or("(absent)"));
  }

  loop::EventLoop loop_;
  loop::Core core_{loop_, 0, 1};
  pipeline::Exchange exchange_{core_};
  TokenMaker maker_;
  std::unique_ptr<pipeline::FilterKind> kind_;
  std::shared_ptr<const pipeline::FilterPrototype> prototype_;
  std::unique_ptr<pipeline::Filter> filter_;
};

TEST_F(ValidatorTest, EveryValueOfAHeaderMustFit) {
  make("headers: {X-Id: {values: [ann, bob], regexp: '^guest-[0-9]+$'}}");
  const std::string refusal = "400 header validator: a header is not as it must be";
  EXPECT_EQ(run_with("X-Id", "ann"), "");
  EXPECT_EQ(run_with("x-id", "guest-7"), "");
  EXPECT_EQ(run_with("X-Id", "eve"), refusal);
  EXPECT_EQ(challenge(), "");
  EXPECT_EQ(run_with("X-Id", ""), refusal);
  EXPECT_EQ(run_with("X-Other", "ann"), refusal);
  EXPECT_EQ(run_with("X-Id", "ann, bob"), refusal);
  headers().clear();
  headers().add("X-Id", "ann");
  headers().add("X-Id", "eve");
  EXPECT_EQ(run(), refusal);
}

TEST_F(ValidatorTest, EmptyValueAdmitsAnAbsentHeader) {
  make("headers: {X-Filter: {values: ['', mirror]}}");
  EXPECT_EQ(run_with("X-Other", "x"), "");
  EXPECT_EQ(run_with("X-Filter", ""), "");
  EXPECT_EQ(run_with("X-Filter", "mirror"), "");
  EXPECT_NE(run_with("X-Filter", "other"), "");
}

TEST_F(ValidatorTest, TwinsOfCheckedHeadersGo) {
  make("headers: {X-Id: {values: [ann]}}");
  headers().add("X-Id", "ann");
  headers().add("X_Id", "eve");
  EXPECT_EQ(run(), "");
  EXPECT_EQ(header("X_Id"), "(absent)");
}

TEST_F(ValidatorTest, Tokens) {
  make("jwt: {algorithm: HS256, secret: " + hex_encode(kSharedSecret) +
       ", cookieName: auth, issuer: id, audience: [shop], requiredClaims: [sub], "
       "claimsToHeaders: {sub: X-User, plan: X-Plan}}");
  const std::string good = maker_.token(R"({"iss":"id","aud":"shop","sub":"ann","plan":["a","b"]})",
                                        "HS256", kSharedSecret);
  for (int i = 0; i < 2; ++i) {  // checked, and remembered
    headers().clear();
    headers().add("X-User", "eve");
    headers().add("X_User", "eve");
    headers().add("Authorization", "Bearer " + good);
    EXPECT_EQ(run(), "");
    EXPECT_EQ(header("X-User"), "ann");
    EXPECT_EQ(header("X-Plan"), "a b");
    EXPECT_EQ(header("X_User"), "(absent)");
  }
  EXPECT_EQ(run_with("Cookie", "auth=" + good), "");
  EXPECT_EQ(run_with("X-User", "eve"), "401 JWT validator: no token");
  EXPECT_EQ(challenge(), "Bearer");
  EXPECT_EQ(header("X-User"), "(absent)");
  EXPECT_EQ(bearer("a.b.c"), "401 JWT validator: the token is malformed");
  EXPECT_EQ(challenge(), "Bearer error=\"invalid_token\"");
  EXPECT_EQ(
      bearer(maker_.token(R"({"iss":"id","aud":"shop","sub":"a\nb"})", "HS256", kSharedSecret)),
      "401 JWT validator: a claim cannot be a header");
  EXPECT_EQ(bearer(maker_.token(R"({"iss":"id","aud":"shop"})", "HS256", kSharedSecret)),
            "401 JWT validator: a claim is missing");
  EXPECT_EQ(bearer(maker_.token(R"({"iss":"id","aud":"shop","sub":"x","exp":1})", "HS256",
                                kSharedSecret)),
            "401 JWT validator: expired");
  EXPECT_EQ(bearer(std::string(1 << 20, 'x')), "401 JWT validator: the token is too large");
}

// A token that is remembered is refused once it has expired.
TEST_F(ValidatorTest, RememberedTokensExpire) {
  make("jwt: {algorithm: HS256, secret: " + hex_encode(kSharedSecret) + "}");
  const double end = static_cast<double>(unix_time_ms()) / 1000 + 0.3;
  const auto token = maker_.token("{\"exp\":" + std::to_string(end) + "}", "HS256", kSharedSecret);
  const std::string first = bearer(token);
  EXPECT_TRUE(first.empty() || first == "401 JWT validator: expired");
  while (static_cast<double>(unix_time_ms()) / 1000 < end) {
  }
  EXPECT_EQ(bearer(token), "401 JWT validator: expired");
}

TEST_F(ValidatorTest, PublicKeysInPemAndHex) {
  const std::string pem = maker_.pem("P-256");
  for (const std::string& key : {Json(pem).dump(), hex_encode(pem)}) {
    make("jwt: {algorithm: ES256, publicKey: " + key + "}");
    EXPECT_EQ(bearer(maker_.token("{}", "ES256", "P-256")), "");
    EXPECT_EQ(bearer(maker_.token("{}", "HS256", pem)), "401 JWT validator: not this algorithm");
  }
}

TEST_F(ValidatorTest, KeysOfAUrlThatIsNotThere) {
  config::Faults faults;
  prototype_ = build("jwt: {jwks: {url: 'http://127.0.0.1:1/keys', timeout: 1s}}", faults);
  EXPECT_THAT(faults.lines(), IsEmpty());
  EXPECT_THAT(faults.warnings(),
              ElementsAre(AllOf(StartsWith("f.jwt.jwks.url: "), HasSubstr("no token passes"))));
  filter_ = prototype_->instantiate(core_);
  EXPECT_EQ(bearer(maker_.token("{}", "RS256", "RSA")), "401 JWT validator: no keys yet");
  EXPECT_TRUE(prototype_->status()["jwks"].contains("error"));
}

TEST_F(ValidatorTest, Signatures) {
  make("signature: {accessKeys: {ann: secret}, ttl: 10m}");
  SignatureSpec spec;
  spec.access_key_id = "ann";
  spec.access_key_secret = "secret";
  http::Request& request = *exchange_.request();
  request.method = "GET";
  request.host = "shop.test";
  request.set_path("/buy");
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  ASSERT_TRUE(RequestSigner(spec, {}).sign(request, now));
  EXPECT_EQ(run(), "");
  request.set_path("/other");
  EXPECT_EQ(run(), "401 signature validator: wrong signature");
  EXPECT_EQ(challenge(), "HMAC-SHA256");
  headers().clear();
  EXPECT_EQ(run(), "401 signature validator: no signature");
}

TEST_F(ValidatorTest, OAuth2Tokens) {
  make("oauth2: {jwt: {algorithm: HS256, secret: " + hex_encode(kSharedSecret) + "}}");
  headers().add("X-Authenticated-Userid", "eve");
  headers().add("x_authenticated_scope", "all");
  headers().add("Authorization",
                "Bearer " + maker_.token(R"({"sub":"ann"})", "HS256", kSharedSecret));
  EXPECT_EQ(run(), "");
  EXPECT_EQ(header("X-Authenticated-Userid"), "ann");
  EXPECT_EQ(header("X-Authenticated-Scope"), "(absent)");
  EXPECT_EQ(header("x_authenticated_scope"), "(absent)");
  EXPECT_EQ(bearer("x"), "401 oauth2 validator: the token is malformed");
}

TEST_F(ValidatorTest, IntrospectionThatIsNotThereLetsNobodyIn) {
  make("oauth2: {tokenIntrospect: {endPoint: 'http://127.0.0.1:1/ask'}}");
  EXPECT_EQ(bearer("x"), "401 oauth2 validator: the service does not answer");
  headers().clear();
  EXPECT_EQ(run(), "401 oauth2 validator: no token");
}

class PasswordTest : public ValidatorTest {
 protected:
  PasswordTest()
      : path_(std::filesystem::temp_directory_path() /
              ("sluice_users_" + std::to_string(::getpid()))) {}
  ~PasswordTest() override { std::filesystem::remove(path_); }
  void write(const std::string& text) {
    std::ofstream(path_ + ".new") << text;
    std::filesystem::rename(path_ + ".new", path_);
  }
  std::string basic(const std::string& pair) {
    return run_with("Authorization", "Basic " + base64_encode(pair));
  }
  std::string mode_file() { return "basicAuth: {mode: FILE, userFile: " + path_ + "}"; }

  // Of "open:sesame".
  static constexpr const char* kHash =
      "$2y$05$abcdefghijklmnopqrstuubMHTpw5uKdtLGvKw5uzYhbpqtktcY3.";
  std::string path_;
};

TEST_F(PasswordTest, UsersOfAFile) {
  write("ann:" + std::string(kHash) + "\n");
  make(mode_file());
  const std::string wrong = "401 http basic validator: wrong name or password";
  EXPECT_EQ(basic("ann:wrong"), wrong);
  EXPECT_EQ(challenge(), "Basic realm=\"restricted\", charset=\"UTF-8\"");
  for (int i = 0; i < 2; ++i) {  // checked, and remembered
    EXPECT_EQ(basic("ann:open:sesame"), "");
    EXPECT_EQ(header("X-AUTH-USER"), "ann");
  }
  EXPECT_EQ(basic("ann:wrong"), wrong);
  EXPECT_EQ(basic("bob:open:sesame"), wrong);
  EXPECT_EQ(basic("ann"), "401 http basic validator: the header is malformed");
  EXPECT_EQ(run_with("X-AUTH-USER", "ann"), "401 http basic validator: no token");
  EXPECT_EQ(header("X-AUTH-USER"), "(absent)");
}

TEST_F(PasswordTest, ChangesOfTheFileAreFollowed) {
  config::Faults faults;
  prototype_ = build(mode_file(), faults);
  EXPECT_THAT(faults.warnings(), ElementsAre(HasSubstr("nobody passes")));
  filter_ = prototype_->instantiate(core_);
  EXPECT_EQ(basic("ann:open:sesame"), "401 http basic validator: no users yet");
  const auto becomes = [this](const std::string& outcome) {
    const TimePoint end = Clock::now() + std::chrono::seconds(30);
    while (basic("ann:open:sesame") != outcome) {
      if (Clock::now() > end) return false;
    }
    return true;
  };
  write("ann:" + std::string(kHash));
  EXPECT_TRUE(becomes(""));
  write("bob:" + std::string(kHash));
  EXPECT_TRUE(becomes("401 http basic validator: wrong name or password"));
}

// The generations of a process, and the process that follows it.
class LastGoodUsersTest : public PasswordTest {
 protected:
  // Puts the next generation in force. Returns the warnings of its build.
  std::vector<std::string> use(const std::string& fields) {
    config::Faults faults;
    pipeline::StateDraft draft = registry_->draft("p");
    prototype_ = build(fields, faults, draft.scope().of_filter("check", "Validator"));
    filter_ = prototype_->instantiate(core_);
    registry_->put_in_force({{"p", std::move(draft).finish()}});
    return faults.warnings();
  }
  // Another process, which has learnt from this one.
  void go_on(const std::function<void(Json&)>& change = {}) {
    Json known = registry_->knowledge();
    if (change) change(known["p"]["check"]);
    filter_.reset();
    prototype_.reset();
    registry_ = std::make_unique<pipeline::StateRegistry>();
    registry_->inherit(config::parse_document(known.dump()).value());
  }
  [[nodiscard]] std::int64_t read_at() const {
    return prototype_->status()["userFile"]["readAtMs"];
  }

  static constexpr const char* kHolds = "what was read before holds";
  std::unique_ptr<pipeline::StateRegistry> registry_ = std::make_unique<pipeline::StateRegistry>();
};

TEST_F(LastGoodUsersTest, AFileThatHasVanishedCountsInTheNextProcess) {
  write("ann:" + std::string(kHash));
  EXPECT_THAT(use(mode_file()), IsEmpty());
  const std::int64_t read = read_at();
  EXPECT_GT(read, 0);
  std::filesystem::remove(path_);
  for (int i = 0; i < 2; ++i) {
    go_on();
    EXPECT_THAT(use(mode_file()), ElementsAre(HasSubstr(kHolds)));
    EXPECT_EQ(basic("ann:open:sesame"), "");
    EXPECT_GE(read_at(), read);
  }
  // One that has changed counts at once.
  write("bob:" + std::string(kHash));
  go_on();
  EXPECT_THAT(use(mode_file()), IsEmpty());
  EXPECT_EQ(basic("bob:open:sesame"), "");
  EXPECT_NE(basic("ann:open:sesame"), "");
}

TEST_F(LastGoodUsersTest, WhatIsOfAnotherFileOrVersionDoesNotCount) {
  write("ann:" + std::string(kHash));
  EXPECT_THAT(use(mode_file()), IsEmpty());
  std::filesystem::remove(path_);
  go_on();
  EXPECT_THAT(use("basicAuth: {mode: FILE, userFile: " + path_ + ".other}"),
              ElementsAre(HasSubstr("nobody passes")));
  EXPECT_EQ(basic("ann:open:sesame"), "401 http basic validator: no users yet");
  write("ann:" + std::string(kHash));
  EXPECT_THAT(use(mode_file()), IsEmpty());
  std::filesystem::remove(path_);
  go_on([](Json& known) { known["usersText"]["version"] = 2; });
  EXPECT_THAT(use(mode_file()), ElementsAre(HasSubstr("nobody passes")));
  EXPECT_EQ(basic("ann:open:sesame"), "401 http basic validator: no users yet");
}

// The service is one that was read, and is gone.
TEST_F(LastGoodUsersTest, KeysOutliveChangesOfAllButTheirSource) {
  const std::string set = Json{{"keys", {maker_.jwk("RSA")}}}.dump();
  const auto fields = [](const std::string& others,
                         const std::string& url = "http://127.0.0.1:1/") {
    return "jwt: {jwks: {url: '" + url + "'" + others + "}}";
  };
  const std::string token = maker_.token(R"({"sub":"ann"})", "RS256", "RSA");
  const std::string no_keys = "401 JWT validator: no keys yet";
  const auto learn = [&](const std::string& others) {
    registry_ = std::make_unique<pipeline::StateRegistry>();
    registry_->inherit(
        config::parse_document(Json{{"p",
                                     {{"check",
                                       {{"jwksText",
                                         {{"version", 1},
                                          {"source", Json{"http://127.0.0.1:1/", ""}.dump()},
                                          {"bytes", set.size()},
                                          {"readAtMs", 77},
                                          {"text", base64_encode(set)}}}}}}}}
                                   .dump())
            .value());
    (void)use(fields(others));
  };
  learn("");
  EXPECT_EQ(bearer(token), "");
  EXPECT_EQ(prototype_->status()["jwks"]["readAtMs"], 77);
  EXPECT_THAT(use(fields(", refresh: 7m")), ElementsAre(HasSubstr(kHolds)));
  EXPECT_EQ(bearer(token), "");
  EXPECT_THAT(use(fields(", algorithms: [PS256]")), ElementsAre(HasSubstr(kHolds)));
  EXPECT_EQ(bearer(token), "401 JWT validator: not this algorithm");
  (void)use(fields("", "http://127.0.0.1:1/other"));
  EXPECT_EQ(bearer(token), no_keys);
  learn(", algorithms: [ES256]");
  EXPECT_EQ(bearer(token), no_keys) << "it has no key that can be used";
}

TEST_F(PasswordTest, LinesThatAreLeftOutAreWarnings) {
  write("ann:plaintext\n");
  config::Faults faults;
  EXPECT_NE(build(mode_file(), faults), nullptr);
  EXPECT_THAT(faults.warnings(),
              ElementsAre(StartsWith("f.basicAuth.userFile: line 1, user ann, is no known hash")));
}

TEST_F(PasswordTest, UsersOfCustomData) {
  make("basicAuth: {mode: ETCD}");
  const std::string wrong = "401 http basic validator: wrong name or password";
  EXPECT_EQ(basic("ann:open:sesame"), wrong);
  pipeline::CustomDataSnapshot::Items items;
  const auto put = [&items](const char* id, Json item) {
    items[id] = std::make_shared<const Json>(std::move(item));
  };
  put("ann", {{"username", "ann"}, {"password", kHash}});
  put("bob", {{"username", "ann"}, {"password", kHash}});
  put("eve", {{"password", "plaintext"}});
  pipeline::CustomDataSlot slot;
  slot.put(std::make_shared<const pipeline::CustomDataSnapshot>(pipeline::CustomDataSnapshot::Kinds{
      {"credentials",
       std::make_shared<const pipeline::CustomDataSnapshot::Items>(std::move(items))}}));
  exchange_.custom_data = &slot;
  EXPECT_EQ(basic("ann:open:sesame"), "");
  EXPECT_EQ(basic("ann:wrong"), wrong);
  EXPECT_EQ(basic("bob:open:sesame"), wrong);
  EXPECT_EQ(basic("eve:plaintext"), wrong);
  slot.put(nullptr);
  EXPECT_EQ(basic("ann:open:sesame"), wrong);
}

TEST_F(ValidatorTest, ChecksGoInOrderAndAllMustPass) {
  make("headers: {X-Id: {values: [ann]}}, jwt: {algorithm: HS256, secret: " +
       hex_encode(kSharedSecret) + "}");
  EXPECT_THAT(run_with("X-Other", "x"), StartsWith("400 "));
  EXPECT_THAT(run_with("X-Id", "ann"), StartsWith("401 JWT"));
  headers().add("Authorization", "Bearer " + maker_.token("{}", "HS256", kSharedSecret));
  EXPECT_EQ(run(), "");
}

TEST_F(ValidatorTest, FaultsNameTheirPlace) {
  const std::string rsa = hex_encode(maker_.pem("RSA"));
  struct Row {
    std::string fields;
    std::string fault;
  };
  const Row rows[] = {
      {"headers: {}", "f: checks nothing"},
      {"headers: {X-Id: {}}", "f.headers.X-Id: needs values or regexp"},
      {"headers: {'a b': {values: [x]}}", "f.headers[\"a b\"]: "},
      {"headers: {X-Id: {regexp: '('}}", "f.headers.X-Id.regex"},
      {"jwt: {algorithm: none, secret: 00}", "f.jwt.algorithm: "},
      {"jwt: {secret: 00}", "f.jwt.algorithm: is required"},
      {"jwt: {algorithm: HS256}", "f.jwt.secret: is required"},
      {"jwt: {algorithm: HS256, secret: '123'}", "f.jwt.secret: has an odd number of hex digits"},
      {"jwt: {algorithm: HS256, secret: xx}", "f.jwt.secret: is not hex"},
      {"jwt: {algorithm: HS256, publicKey: " + rsa + "}", "f.jwt.publicKey: is of no use"},
      {"jwt: {algorithm: RS256, secret: 00}", "f.jwt.secret: is of no use"},
      {"jwt: {algorithm: RS256}", "f.jwt.publicKey: is required"},
      {"jwt: {algorithm: RS256, publicKey: xx}", "f.jwt.publicKey: is neither PEM"},
      {"jwt: {algorithm: ES256, publicKey: " + rsa + "}", "f.jwt.publicKey: is an RSA key"},
      {"jwt: {algorithm: RS256, publicKey: " + hex_encode(maker_.pem("RSA-1024")) + "}",
       "f.jwt.publicKey: is an RSA key of less than 2048 bits"},
      {"jwt: {secret: 00, jwks: {url: 'http://a/'}}", "f.jwt.secret: stands beside jwks"},
      {"jwt: {jwks: {url: 'ftp://a/'}}", "f.jwt.jwks.url: "},
      {"jwt: {jwks: {url: 'http://a/', algorithms: [HS256]}}", "f.jwt.jwks.algorithms: "},
      {"jwt: {jwks: {url: 'https://a/', caFile: /nonexistent}}", "f.jwt.jwks.caFile: "},
      {"jwt: {algorithm: HS256, secret: 00, claimsToHeaders: {sub: Host}}",
       "f.jwt.claimsToHeaders.sub: \"Host\" belongs to the connection"},
      {"jwt: {algorithm: HS256, secret: 00, claimsToHeaders: {sub: 'a b'}}",
       "f.jwt.claimsToHeaders.sub: "},
      {"jwt: {algorithm: HS256, secret: 00, cookieName: 'a b'}", "f.jwt.cookieName: "},
      {"signature: {ttl: 1m}", "f.signature.accessKeys: is required"},
      {"signature: {accessKeyId: ann}", "f.signature.accessKeySecret: is needed"},
      {"oauth2: {}", "f.oauth2: needs one of"},
      {"oauth2: {jwt: {algorithm: HS256, secret: 00}, tokenIntrospect: {endPoint: 'http://a/'}}",
       "f.oauth2: needs one of"},
      {"oauth2: {tokenIntrospect: {endPoint: a}}", "f.oauth2.tokenIntrospect.endPoint: "},
      {"oauth2: {tokenIntrospect: {endPoint: 'http://a/', clientSecret: x}}",
       "f.oauth2.tokenIntrospect.clientId: "},
      {"basicAuth: {userFile: /x}", "f.basicAuth.mode: is required"},
      {"basicAuth: {mode: LDAP}", "f.basicAuth.mode: LDAP is not there"},
      {"basicAuth: {mode: FILE, realm: 'a\"b'}", "f.basicAuth.realm: "},
      {"basicAuth: {mode: ETCD, etcdPrefix: /}", "f.basicAuth.etcdPrefix: "},
  };
  for (const Row& row : rows)
    EXPECT_THAT(faults_of(row.fields), ElementsAre(StartsWith(row.fault))) << row.fields;
}

TEST_F(ValidatorTest, SecretsStayOutOfFaults) {
  for (const auto& line : faults_of("jwt: {algorithm: HS256, secret: topsecret}"))
    EXPECT_THAT(line, Not(HasSubstr("topsecret")));
  EXPECT_EQ(kind_->schema()["properties"]["jwt"]["properties"]["secret"]["writeOnly"], true);
  EXPECT_EQ(kind_->schema()["properties"]["signature"]["properties"]["accessKeys"]["writeOnly"],
            true);
}

TEST_F(ValidatorTest, WarnsOfWhatIsWeak) {
  const auto warnings = [this](const std::string& fields) {
    config::Faults faults;
    EXPECT_NE(build(fields, faults), nullptr);
    return faults.warnings();
  };
  EXPECT_THAT(warnings("jwt: {algorithm: HS256, secret: 00ff}"),
              ElementsAre(StartsWith("f.jwt.secret: is shorter than 32 bytes")));
  EXPECT_THAT(warnings("signature: {accessKeys: {a: b}}"),
              ElementsAre(StartsWith("f.signature.ttl: is 0")));
  EXPECT_THAT(warnings("oauth2: {tokenIntrospect: {endPoint: 'https://a/', insecureTls: true}}"),
              ElementsAre(StartsWith("f.oauth2.tokenIntrospect.insecureTls: ")));
}

TEST_F(ValidatorTest, SpecIsCompleted) {
  make("jwt: {algorithm: HS256, secret: " + hex_encode(kSharedSecret) + "}");
  const Json spec = prototype_->spec();
  EXPECT_EQ(spec["jwt"]["leeway"], "0s");
  config::Faults faults;
  const auto value = config::parse_document(spec.dump());
  ASSERT_TRUE(value);
  EXPECT_NE(kind_->build(*value, {.pipeline = "p", .name = "check", .path = "f"}, faults), nullptr)
      << faults.to_error().message;
}

}  // namespace
}  // namespace sluice::filters
