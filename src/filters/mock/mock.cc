// SPDX-License-Identifier: Apache-2.0
#include "filters/mock/mock.h"

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "filters/string_matcher.h"
#include "loop/event_loop.h"
#include "pipeline/exchange.h"
#include "pipeline/simple_kind.h"

namespace sluice::filters {
namespace {

struct MatchSpec {
  std::string path;
  std::string path_prefix;
  HeaderMatcher::Spec headers;
  bool match_all_headers = false;

  void fields(auto& visit) {
    visit("path", path, {.format = config::Format::path, .doc = "the whole path"});
    visit("pathPrefix", path_prefix,
          {.format = config::Format::path, .doc = "what the path begins with"});
    visit("headers", headers, {.doc = "header -> condition; one of its values must fit"});
    visit("matchAllHeaders", match_all_headers, {.doc = "every header must match, not just one"});
  }
};

struct MockRuleSpec {
  MatchSpec match;
  int code = 200;
  std::map<std::string, std::string> headers;
  std::string body;
  Duration delay{};

  void fields(auto& visit) {
    visit("match", match, {.doc = "which requests; all if left out"});
    visit("code", code,
          {.required = true, .min = 200, .max = 599, .doc = "status of the response"});
    visit("headers", headers, {.doc = "headers of the response"});
    visit("body", body, {.doc = "body of the response"});
    visit("delay", delay, {.min = 0, .doc = "wait before answering"});
  }
};

struct MockSpec {
  pipeline::FilterMeta meta;
  std::vector<MockRuleSpec> rules;

  void fields(auto& visit) {
    meta.fields(visit);
    visit("rules", rules,
          {.doc = "the first that matches answers; if none does, the pipeline goes on"});
  }
};

constexpr std::size_t kCopiedBytesMax = 4096;  // a copy is cheaper than a reference count

struct MockRule {
  MockRuleSpec spec;
  HeaderMatcher headers;
  std::shared_ptr<const std::string> large_body{};  // null: the body is small and is copied

  [[nodiscard]] bool matches(const http::Request& request) const {
    return matches_path(request.path) && headers.matches(request.headers);
  }
  [[nodiscard]] bool matches_path(std::string_view path) const {
    const MatchSpec& match = spec.match;
    if (match.path.empty() && match.path_prefix.empty()) return true;
    if (!match.path.empty() && path == match.path) return true;
    return !match.path_prefix.empty() && path.starts_with(match.path_prefix);
  }
};

void check_headers(const MockRuleSpec& rule, const std::string& path, config::Faults& faults) {
  for (const auto& [name, value] : rule.headers) {
    const std::string where = config::join_path(path, name);
    if (!http::is_token(name)) faults.add(where, "\"" + name + "\" is not a header name");
    if (!http::is_field_value(value)) faults.add(where, "has a control character in its value");
  }
}

MockRule make_rule(const MockRuleSpec& spec, const std::string& path, config::Faults& faults) {
  check_headers(spec, config::join_path(path, "headers"), faults);
  const std::string match = config::join_path(path, "match");
  MockRule rule{spec, HeaderMatcher::build(spec.match.headers, spec.match.match_all_headers,
                                           config::join_path(match, "headers"), faults)};
  if (spec.body.size() > kCopiedBytesMax)
    rule.large_body = std::make_shared<const std::string>(spec.body);
  return rule;
}

using Rules = std::vector<MockRule>;

class Mock final : public pipeline::Filter {
 public:
  static constexpr std::string_view kKind = "Mock";
  static constexpr std::string_view kDescription = "Answers by rules, without a backend.";
  static constexpr std::array<std::string_view, 1> kResults = {"mocked"};

  static Rules prepare(const MockSpec& spec, const pipeline::FilterContext& context,
                       config::Faults& faults) {
    Rules rules;
    const std::string path = config::join_path(context.path, "rules");
    for (std::size_t i = 0; i < spec.rules.size(); ++i)
      rules.push_back(make_rule(spec.rules[i], path + "[" + std::to_string(i) + "]", faults));
    return rules;
  }

  explicit Mock(std::shared_ptr<const Rules> rules) : rules_(std::move(rules)) {}

  Task<std::string_view> handle(pipeline::Exchange& exchange) override {
    const http::Request* request = exchange.request();
    if (request == nullptr) co_return "";
    const auto rule =
        std::ranges::find_if(*rules_, [&](const MockRule& r) { return r.matches(*request); });
    if (rule == rules_->end()) co_return "";
    answer(*rule, exchange.new_response());
    if (rule->spec.delay > Duration::zero()) co_await exchange.loop().sleep_for(rule->spec.delay);
    co_return kResults[0];
  }

 private:
  static void answer(const MockRule& rule, http::Response& response) {
    response.status = rule.spec.code;
    for (const auto& [name, value] : rule.spec.headers) response.headers.set(name, value);
    if (rule.large_body) {
      response.body.share(rule.large_body);
    } else {
      response.body.assign(rule.spec.body);
    }
  }

  std::shared_ptr<const Rules> rules_;
};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_mock_kind() {
  return std::make_unique<pipeline::SimpleKind<MockSpec, Mock>>();
}

}  // namespace sluice::filters
