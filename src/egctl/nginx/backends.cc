// SPDX-License-Identifier: Apache-2.0
#include "egctl/nginx/backends.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "egctl/nginx/units.h"

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

struct Servers {
  Json list = Json::array();
  bool weighted = false;
  std::optional<int> failures;  // max_fails; the largest
  std::string pause;            // fail_timeout
};

// Returns false for a word without a counterpart.
bool take_option(const std::string& word, Json& server, Servers& servers) {
  const std::string value = word.substr(std::min(word.find('='), word.size() - 1) + 1);
  const auto number = to_number<int>(value);
  if (word.starts_with("weight=") && number && *number > 0) {
    server["weight"] = *number;
    servers.weighted = servers.weighted || *number != 1;
  } else if (word.starts_with("max_fails=") && number && *number >= 0) {
    servers.failures = std::max(*number, servers.failures.value_or(0));
  } else if (word.starts_with("fail_timeout=") && milliseconds_of(value).value_or(0) > 0) {
    servers.pause = duration_of(*milliseconds_of(value));
  } else {
    return false;
  }
  return true;
}

// Adds the server of an upstream, unless it is out of use.
void add_server(const Directive& directive, const std::string& scheme, Servers& servers,
                Notes& notes) {
  if (directive.words.empty() || directive.words[0].starts_with("unix:"))
    return notes.add(directive, "is no address of TCP, and is left out");
  Json server = {{"url", url_of(scheme, directive.words[0])}, {"weight", 1}};
  for (std::size_t i = 1; i < directive.words.size(); ++i) {
    const std::string& word = directive.words[i];
    if (word == "down") return;
    if (word == "backup") return notes.add(directive, "a backup server is left out");
    if (word.starts_with("max_conns=")) {
      notes.add(directive, word + " is not converted: see maxConnsPerHost of the Proxy's pool");
    } else if (!take_option(word, server, servers)) {
      notes.add(directive, word + " is not converted");
    }
  }
  servers.list.push_back(std::move(server));
}

Json pool_of_upstream(const Directive& upstream, const std::string& scheme, Notes& notes) {
  Servers servers;
  Balance balance;
  for (const Directive& directive : upstream.block) {
    if (directive.name == "server") {
      add_server(directive, scheme, servers, notes);
    } else if (const auto chosen = balance_of(directive)) {
      balance = *chosen;
    } else if (directive.name != "keepalive" && directive.name != "zone") {
      notes.add(directive, "is not converted");
    }
  }
  if (servers.weighted && balance.policy == "roundRobin") balance.policy = "weightedRandom";
  if (!servers.weighted) {
    for (Json& server : servers.list) server.erase("weight");
  }
  Json pool = {{"servers", servers.list}, {"loadBalance", {{"policy", balance.policy}}}};
  if (!balance.header.empty()) pool["loadBalance"]["headerHashKey"] = balance.header;
  if (servers.failures) pool["outlierDetection"]["consecutiveFailures"] = *servers.failures;
  if (!servers.pause.empty()) pool["outlierDetection"]["ejectionTime"] = servers.pause;
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

std::optional<Json> pool_of(const Target& target, const Upstreams& upstreams, Notes& notes) {
  const auto named = upstreams.find(target.host);
  Json pool;
  if (named != upstreams.end()) {
    pool = pool_of_upstream(*named->second, target.scheme, notes);
    if (pool["servers"].empty()) {
      notes.add(*named->second, "has no server that can be converted: its locations answer 503");
      return std::nullopt;
    }
  } else {
    const Json server = {{"url", target.scheme + "://" + target.host}};
    pool = {{"servers", Json::array({server})}};
  }
  for (Json& server : pool["servers"]) server["keepHost"] = true;
  return pool;
}

}  // namespace sluice::egctl::nginx
