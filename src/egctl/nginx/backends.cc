// SPDX-License-Identifier: Apache-2.0
#include "egctl/nginx/backends.h"

#include <nlohmann/json.hpp>

#include "base/text.h"

namespace sluice::egctl::nginx {
namespace {

struct Balance {
  std::string policy = "roundRobin";
  std::string header;
};

// "backend:8080" -> itself, "backend" -> itself: the port of the scheme, which for https differs
// from that of nginx.
std::string url_of(const std::string& scheme, const std::string& address) {
  const bool has_port =
      address.find(':', address.find(']') == std::string::npos ? 0 : address.find(']')) !=
      std::string::npos;
  return scheme + "://" + address + (has_port || scheme == "http" ? "" : ":80");
}

std::optional<Balance> balance_of(const Directive& directive) {
  if (directive.name == "ip_hash") return Balance{"ipHash", ""};
  if (directive.name == "least_conn") return Balance{"leastRequests", ""};
  if (directive.name == "random") return Balance{"random", ""};
  if (directive.name != "hash" || directive.words.empty()) return std::nullopt;
  const std::string& key = directive.words[0];
  if (key == "$remote_addr" || key == "$binary_remote_addr") return Balance{"ipHash", ""};
  if (!key.starts_with("$http_")) return std::nullopt;
  std::string header = key.substr(6);
  std::ranges::replace(header, '_', '-');
  return Balance{"headerHash", header};
}

// Adds the server of an upstream, unless it is out of use.
void add_server(const Directive& directive, const std::string& scheme, Json& servers,
                bool& weighted, Notes& notes) {
  if (directive.words.empty() || directive.words[0].starts_with("unix:"))
    return notes.add(directive, "is no address of TCP, and is left out");
  Json server = {{"url", url_of(scheme, directive.words[0])}, {"weight", 1}};
  for (std::size_t i = 1; i < directive.words.size(); ++i) {
    const std::string& word = directive.words[i];
    if (word == "down") return;
    if (word == "backup") return notes.add(directive, "a backup server is left out");
    const auto weight = word.starts_with("weight=") ? to_number<int>(word.substr(7)) : std::nullopt;
    if (weight && *weight > 0) {
      server["weight"] = *weight;
      weighted = weighted || *weight != 1;
    } else {
      notes.add(directive, word + " is not converted");
    }
  }
  servers.push_back(std::move(server));
}

Json pool_of_upstream(const Directive& upstream, const std::string& scheme, Notes& notes) {
  Json servers = Json::array();
  Balance balance;
  bool weighted = false;
  for (const Directive& directive : upstream.block) {
    if (directive.name == "server") {
      add_server(directive, scheme, servers, weighted, notes);
    } else if (const auto chosen = balance_of(directive)) {
      balance = *chosen;
    } else if (directive.name != "keepalive" && directive.name != "zone") {
      notes.not_converted(directive);
    }
  }
  if (weighted && balance.policy == "roundRobin") balance.policy = "weightedRandom";
  if (!weighted) {
    for (Json& server : servers) server.erase("weight");
  }
  Json pool = {{"servers", servers}, {"loadBalance", {{"policy", balance.policy}}}};
  if (!balance.header.empty()) pool["loadBalance"]["headerHashKey"] = balance.header;
  return pool;
}

}  // namespace

std::optional<Target> target_of(const Directive& directive, Notes& notes) {
  const std::string text = directive.words.empty() ? "" : directive.words[0];
  const bool tls = text.starts_with("https://");
  if (!tls && !text.starts_with("http://")) {
    notes.add(directive, "is no URL that begins with http:// or https://");
    return std::nullopt;
  }
  if (text.find('$') != std::string::npos || text.find("://unix:") != std::string::npos) {
    notes.add(directive, "a variable or a socket of Unix cannot be converted");
    return std::nullopt;
  }
  Target target{.scheme = tls ? "https" : "http"};
  const std::string rest = text.substr(target.scheme.size() + 3);
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  target.host = rest.substr(0, slash);
  target.uri = rest.substr(slash);
  if (tls) notes.add(directive, "certificates of servers are verified (mtls of the Proxy)");
  return target;
}

Json pool_of(const Target& target, bool keep_host, const Upstreams& upstreams, Notes& notes) {
  const auto named = upstreams.find(target.host);
  Json pool;
  if (named != upstreams.end()) {
    pool = pool_of_upstream(*named->second, target.scheme, notes);
  } else {
    const Json server = {{"url", target.scheme + "://" + target.host}};
    pool = {{"servers", Json::array({server})}};
  }
  for (Json& server : pool["servers"]) {
    if (keep_host) server["keepHost"] = true;
  }
  return pool;
}

}  // namespace sluice::egctl::nginx
