// SPDX-License-Identifier: Apache-2.0
// The rules of an HTTPServer as its spec contains them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/fields.h"

namespace sluice::router {

struct IpFilterSpec {
  bool block_by_default = false;
  std::vector<std::string> allow_ips;
  std::vector<std::string> block_ips;

  void fields(auto& visit) {
    constexpr auto kFormat = config::Format::ip_or_cidr;
    visit("blockByDefault", block_by_default, {.doc = "what happens to all other addresses"});
    visit("allowIPs", allow_ips, {.format = kFormat, .unique = true, .doc = "let in"});
    visit("blockIPs", block_ips, {.format = kFormat, .unique = true, .doc = "refused with 403"});
  }
};

// A condition on a header or a query parameter.
struct ValueRuleSpec {
  std::string key;
  std::vector<std::string> values;
  std::string regexp;

  void fields(auto& visit) {
    visit("key", key, {.required = true, .min = 1, .doc = "name of the header or parameter"});
    visit("values", values, {.unique = true, .doc = "one of its values is one of these"});
    visit("regexp", regexp, {.doc = "RE2 expression found in one of its values"});
    visit.note("backend", "it belongs to the path, not to a condition");
  }
  void validate(const std::string& path, config::Faults& faults) const;
};

struct HostSpec {
  bool is_regexp = false;
  std::string value;

  void fields(auto& visit) {
    visit("isRegexp", is_regexp, {.doc = "value is an RE2 expression"});
    visit("value", value, {.required = true, .min = 1, .doc = "as host or hostRegexp of a rule"});
  }
};

struct PathSpec {
  std::string path;
  std::string path_prefix;
  std::string path_regexp;
  std::string rewrite_target;
  std::vector<std::string> methods;
  std::string backend;
  config::UndecodedValue backend_pool;  // if it is given, `backend` is empty
  std::vector<ValueRuleSpec> headers;
  bool match_all_header = false;
  std::vector<ValueRuleSpec> queries;
  bool match_all_query = false;
  std::map<std::string, std::string> set_headers;
  std::int64_t client_max_body_size = 0;
  std::optional<IpFilterSpec> ip_filter;

  void fields(auto& visit) {
    visit("path", path,
          {.format = config::Format::path,
           .doc = "the whole decoded path; RadixTree: with {x}, {x:regexp} or /* at the end"});
    visit("pathPrefix", path_prefix, {.format = config::Format::path, .doc = "its beginning"});
    visit("pathRegexp", path_regexp, {.doc = "RE2 expression found in it"});
    visit("rewriteTarget", rewrite_target,
          {.doc = "replaces what matched; $1 and ${name} of pathRegexp, {x} of RadixTree"});
    visit("methods", methods,
          {.format = config::Format::http_method, .unique = true, .doc = "empty: any"});
    visit("backend", backend, {.format = config::Format::name, .doc = "name of a pipeline"});
    visit("backendPool", backend_pool,
          {.part_of = "Proxy/properties/pools/items",
           .doc = "in place of backend: a pool of a Proxy (docs/proxy.md)"});
    visit("headers", headers, {.doc = "conditions on headers"});
    visit("matchAllHeader", match_all_header, {.doc = "all conditions instead of one"});
    visit("queries", queries, {.doc = "conditions on query parameters"});
    visit("matchAllQuery", match_all_query, {.doc = "all conditions instead of one"});
    visit("setHeaders", set_headers,
          {.doc = "request headers to set, with $variables; \"\" removes"});
    visit("clientMaxBodySize", client_max_body_size,
          {.doc = "bytes; 0: as the server; negative: streamed without limit"});
    visit("ipFilter", ip_filter, {.doc = "addresses for this path"});
  }
  void validate(const std::string& where, config::Faults& faults) const;
  [[nodiscard]] bool has_pool() const {
    return backend_pool.value.kind != config::Value::Kind::null;
  }

 private:
  void validate_backend(const std::string& where, config::Faults& faults) const;
};

struct RuleSpec {
  std::string host;
  std::string host_regexp;
  std::vector<HostSpec> hosts;
  std::optional<IpFilterSpec> ip_filter;
  std::vector<PathSpec> paths;

  // The fields of a path that stand beside an empty `paths` are its only path.
  static std::optional<config::Value> mended(const config::Value& rule, const std::string& path,
                                             config::Faults& faults);
  void fields(auto& visit) {
    visit("host", host, {.doc = "exact, or with one * in front or at the end; without port"});
    visit("hostRegexp", host_regexp, {.doc = "RE2 expression found in the host"});
    visit("hosts", hosts, {.doc = "more hosts"});
    visit("ipFilter", ip_filter, {.doc = "addresses for this rule"});
    visit("paths", paths, {.doc = "the first that matches is taken"});
  }
};

// The fields of an HTTPServer that its Router is built from. The spec of the HTTPServer extends
// this.
struct RouterSpec {
  std::string path_normalization = "rfc3986";
  bool underscores_in_headers = false;
  std::optional<IpFilterSpec> ip_filter;
  std::string router_kind;
  std::vector<RuleSpec> rules;

  void fields(auto& visit) {
    visit_spelling(visit);
    visit_ip_filter(visit);
    visit_router_kind(visit);
    visit_rules(visit);
  }

 protected:
  void visit_spelling(auto& visit) {
    visit("pathNormalization", path_normalization,
          {.one_of = {"strict", "rfc3986", "off"},
           .doc = "one spelling for one path, before rules see it; strict refuses doubtful ones"});
    visit("underscoresInHeaders", underscores_in_headers,
          {.doc = "true: pass X_Real_Ip and others that backends take for fields of the gateway"});
  }
  void visit_ip_filter(auto& visit) {
    visit("ipFilter", ip_filter, {.doc = "addresses for the whole server"});
  }
  void visit_router_kind(auto& visit) {
    visit("routerKind", router_kind,
          {.one_of = {"Ordered", "RadixTree"},
           .doc = "empty or Ordered; RadixTree: paths with variables, the more exact one first"});
  }
  void visit_rules(auto& visit) {
    visit("rules", rules, {.doc = "in the order in which they are tried"});
  }
};

}  // namespace sluice::router
