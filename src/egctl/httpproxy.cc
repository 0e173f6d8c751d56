// SPDX-License-Identifier: Apache-2.0
#include "egctl/httpproxy.h"

#include <memory>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "base/text.h"
#include "config/faults.h"
#include "egctl/send_objects.h"

namespace sluice::egctl {
namespace {

struct HttpProxy {
  std::string name;
  std::int64_t port = 0;
  std::vector<std::string> rules;
  bool tls = false;
  std::vector<std::string> cert_files;
  std::vector<std::string> key_files;
  std::string ca_cert_file;
  bool auto_cert = false;
  std::vector<std::string> auto_cert_options;  // refused with --auto-cert
  Waiting waiting;
};

// HOST/PATH[*]=URL,URL
struct ProxyRule {
  std::string host;
  std::string path;
  bool is_prefix = false;
  std::vector<std::string> servers;
};

std::unexpected<Error> bad_rule(const std::string& text, const std::string& why) {
  return fail(
      ErrorKind::invalid, "--rule " + config::quote(text) + " " + why,
      {"a rule is [HOST]/PATH[*]=URL[,URL...], as \"shop.example/cart*=http://10.0.0.1:80\""});
}

Result<ProxyRule> parse_rule(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos) return bad_rule(text, "has no =");
  std::string_view where = std::string_view(text).substr(0, equals);
  ProxyRule rule;
  rule.is_prefix = where.ends_with('*');
  if (rule.is_prefix) where.remove_suffix(1);
  const std::size_t slash = where.find('/');
  if (slash == std::string_view::npos) return bad_rule(text, "has no path");
  rule.host = where.substr(0, slash);
  rule.path = where.substr(slash);
  std::string_view servers = std::string_view(text).substr(equals + 1);
  while (!servers.empty()) {
    const std::string_view server = trim_ows(take_until(servers, ','));
    if (!server.starts_with("http://") && !server.starts_with("https://"))
      return bad_rule(text, "has a server that is no URL: " + std::string(server));
    rule.servers.emplace_back(server);
  }
  if (rule.servers.empty()) return bad_rule(text, "has no server");
  return rule;
}

Json pipeline_of(const std::string& name, const ProxyRule& rule) {
  Json servers = Json::array();
  for (const std::string& url : rule.servers) servers.push_back({{"url", url}});
  const Json pool = {{"servers", servers}, {"loadBalance", {{"policy", "roundRobin"}}}};
  const Json proxy = {{"name", "proxy"}, {"kind", "Proxy"}, {"pools", Json::array({pool})}};
  return {{"name", name},
          {"kind", "Pipeline"},
          {"flow", Json::array({{{"filter", "proxy"}}})},
          {"filters", Json::array({proxy})}};
}

Json server_rule_of(const ProxyRule& rule, const std::string& backend) {
  const Json path = {{rule.is_prefix ? "pathPrefix" : "path", rule.path}, {"backend", backend}};
  Json out = {{"paths", Json::array({path})}};
  if (!rule.host.empty()) out["host"] = rule.host;
  return out;
}

Result<std::string> base64_of(const std::string& file) {
  SLUICE_TRY(const std::string text, read_input(file));
  return base64_encode(text);
}

Result<void> add_tls(Invocation& invocation, const HttpProxy& proxy, Json& server) {
  const bool has_files = !proxy.cert_files.empty() || !proxy.key_files.empty();
  if (!proxy.tls) {
    if (!has_files && proxy.ca_cert_file.empty()) return {};
    return invocation.misuse("certificates are for --tls");
  }
  if (proxy.cert_files.empty() || proxy.cert_files.size() != proxy.key_files.size())
    return invocation.misuse("--tls wants a --key-file for each --cert-file");
  server["https"] = true;
  for (std::size_t i = 0; i < proxy.cert_files.size(); ++i) {
    SLUICE_TRY(server["certs"][proxy.cert_files[i]], base64_of(proxy.cert_files[i]));
    SLUICE_TRY(server["keys"][proxy.cert_files[i]], base64_of(proxy.key_files[i]));
  }
  if (!proxy.ca_cert_file.empty()) {
    SLUICE_TRY(server["caCertBase64"], base64_of(proxy.ca_cert_file));
  }
  return {};
}

Result<void> create(Invocation& invocation, const HttpProxy& proxy) {
  if (proxy.auto_cert || !proxy.auto_cert_options.empty()) {
    return fail(ErrorKind::invalid, "--auto-cert is not there, because AutoCertManager is not",
                {"get the certificate by an ACME client, and name it with --tls --cert-file FILE "
                 "--key-file FILE"});
  }
  Json objects = Json::array();
  Json server = {{"name", proxy.name}, {"kind", "HTTPServer"}, {"port", proxy.port}};
  SLUICE_CHECK(add_tls(invocation, proxy, server));
  for (const std::string& text : proxy.rules) {
    const auto rule = parse_rule(text);
    if (!rule) return invocation.misuse(rule.error().message, rule.error().details);
    const std::string backend = proxy.name + "-" + std::to_string(objects.size());
    server["rules"].push_back(server_rule_of(*rule, backend));
    objects.push_back(pipeline_of(backend, *rule));
  }
  objects.push_back(std::move(server));
  return send_documents(invocation, documents_of(objects), "create", proxy.waiting);
}

}  // namespace

void add_create_httpproxy(Command create_command, Invocation& invocation) {
  const Command command = create_command.add(
      "httpproxy", "Create an HTTPServer, and a Pipeline with a Proxy for each rule");
  const auto proxy = std::make_shared<HttpProxy>();
  command.option("NAME", proxy->name, "of the HTTPServer; the pipelines are NAME-0, NAME-1 ...")
      .required();
  command.option("--port", proxy->port, "of the HTTPServer").required();
  command.option("--rule", proxy->rules, "[HOST]/PATH[*]=URL[,URL...]; may be repeated")
      .type_name("RULE")
      .repeated()
      .required();
  command.flag("--tls", proxy->tls, "serve HTTPS");
  // Not those of the connection to the server, which are options of egctl itself.
  command.option("--cert-file", proxy->cert_files, "certificate (PEM); may be repeated")
      .type_name("FILE")
      .repeated();
  command.option("--key-file", proxy->key_files, "key of each certificate (PEM)")
      .type_name("FILE")
      .repeated();
  command.option("--ca-cert-file", proxy->ca_cert_file, "authority of clients (PEM)")
      .type_name("FILE");
  command.flag("--auto-cert", proxy->auto_cert, "refused: not there yet");
  for (const char* name : {"--auto-cert-email", "--auto-cert-domain-name", "--dns-provider"})
    command.option(name, proxy->auto_cert_options, "goes with --auto-cert").repeated();
  add_wait_options(command, proxy->waiting);
  command.footer(
      "Example:\n  egctl create httpproxy shop --port 10080 "
      "--rule=\"/cart*=http://10.0.0.1:80,http://10.0.0.2:80\"");
  set_action(command, invocation, [proxy](Invocation& s) { return create(s, *proxy); });
}

}  // namespace sluice::egctl
