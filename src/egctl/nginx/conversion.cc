// SPDX-License-Identifier: Apache-2.0
#include "egctl/nginx/conversion.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/encoding.h"
#include "base/text.h"
#include "egctl/nginx/harmless.h"
#include "egctl/nginx/http_servers.h"
#include "egctl/nginx/server_paths.h"

namespace sluice::egctl::nginx {
namespace {

constexpr std::size_t kSlugBytesMax = 40;
constexpr std::size_t kTriesMax = 100;  // maxAttempts

// "/api/v1/" -> "api-v1"; "/" -> "root"
std::string slug_of(std::string_view path) {
  std::string slug;
  for (const char c : path) {
    if (is_alphanumeric(c)) {
      slug += to_lower(c);
    } else if (!slug.empty() && !slug.ends_with('-')) {
      slug += '-';
    }
    if (slug.size() >= kSlugBytesMax) break;
  }
  while (slug.ends_with('-')) slug.pop_back();
  return slug.empty() ? "root" : slug;
}

// Gives filters of the same name a number.
class FilterNames {
 public:
  [[nodiscard]] Json named(Json filter) {
    const std::string name = filter["name"].get<std::string>();
    const int number = ++counts_[name];
    if (number > 1) filter["name"] = name + "-" + std::to_string(number);
    return filter;
  }

 private:
  std::map<std::string, int> counts_;
};

// A try for each server of its largest pool, as in nginx; null: no pool has several servers.
Json retry_of(const Json& filters) {
  std::size_t tries = 0;
  for (const Json& filter : filters) {
    for (const Json& pool : filter.value("pools", Json::array())) {
      if (pool.contains("retryPolicy")) tries = std::max(tries, pool["servers"].size());
    }
  }
  if (tries == 0) return {};
  tries = std::min(tries, kTriesMax);
  return {{"name", kNextServer}, {"kind", "Retry"}, {"maxAttempts", tries}, {"waitDuration", "0s"}};
}

// The Pipeline of a location, with its filters and its flow.
Json pipeline_of(const Location& location) {
  FilterNames names;
  Json filters = Json::array();
  Json flow = Json::array();
  const auto add = [&](const std::vector<Json>& list) {
    for (const Json& filter : list) {
      filters.push_back(names.named(filter));
      flow.push_back({{"filter", filters.back()["name"]}});
    }
  };
  add(location.before);
  add(location.content);
  if (!location.fallback.empty()) {
    const std::size_t files = flow.size() - 1;
    flow.push_back({{"filter", "END"}});
    add(location.fallback);
    const Json& next = flow[files + 2]["filter"];
    flow[files]["jumpIf"] = {{"notFound", next}, {"clientError", next}};
  }
  Json pipeline = {{"kind", "Pipeline"}, {"flow", flow}, {"filters", filters}};
  if (Json retry = retry_of(filters); !retry.is_null())
    pipeline["resilience"].push_back(std::move(retry));
  return pipeline;
}

class Converter {
 public:
  Converter(std::string prefix, const NamedFiles& files)
      : prefix_(std::move(prefix)), files_(files) {}

  Result<Conversion> run(const std::vector<Directive>& config) {
    const bool part =
        std::ranges::any_of(config, [](const Directive& one) { return one.name == "server"; });
    if (part) read_http(config);
    // Directives outside of http concern the program, and other protocols.
    for (const Directive& one : config) {
      if (part) break;
      if (one.name == "http") {
        read_http(one.block);
      } else if (!if_harmless(one.name)) {
        notes_.add(one, "is not converted");
      }
    }
    if (servers_.empty()) return fail(ErrorKind::invalid, "there is no server in it");
    share_addresses(servers_);
    for (ReadyServer& ready : servers_) read_certificates(ready);
    for (const std::size_t i : with_conflicting_authorities(servers_))
      close_for(*servers_[i].server.verification, "another server of its port wants other ones",
                servers_[i].server.settings, notes_);
    close_differing_proxies();
    for (ReadyServer& server : servers_) add_locations(server);
    add_servers();
    made_.notes = std::move(notes_);
    return std::move(made_);
  }

 private:
  void read_http(const std::vector<Directive>& block) {
    Settings settings;
    std::vector<const Directive*> blocks;
    for (const Directive* one : take_settings(block, Level::http, settings, notes_)) {
      if (one->name == "upstream") {
        upstreams_[one->words.empty() ? "" : one->words[0]] = one;
      } else if (one->name == "server") {
        blocks.push_back(one);
      } else if (one->name == "limit_req_zone" && !one->words.empty()) {
        add_limit_zone(*one, zones_, notes_);
      } else if (one->name == "map" && one->words.size() == 2 &&
                 one->words[1] == "$connection_upgrade") {
        continue;
      } else {
        leave_out(*one, settings, notes_);
      }
    }
    for (const Directive* one : blocks) read_one(*one, settings);
  }

  // A closed server trusts no proxy at any of its addresses, so other servers may differ from it.
  void close_differing_proxies() {
    for (auto found = with_differing_proxies(servers_); !found.empty();
         found = with_differing_proxies(servers_)) {
      for (const std::size_t i : found) {
        VirtualServer& server = servers_[i].server;
        close_for(server.settings.real_ip.from[0],
                  "another server of its port trusts other proxies (trustedProxies). If all "
                  "connections of the port come from these proxies, move the real_ip directives "
                  "to http {}",
                  server.settings, notes_);
        server.trusted_proxies = Json();
      }
    }
  }

  void read_one(const Directive& directive, const Settings& settings) {
    ReadyServer ready{.server = read_server(directive, settings, notes_)};
    if (ready.server.listens.empty())
      return notes_.add(directive, "has no address that can be converted, and is left out");
    servers_.push_back(std::move(ready));
  }

  void read_certificates(ReadyServer& ready) {
    VirtualServer& server = ready.server;
    if (std::ranges::none_of(server.listens, &Listen::tls)) return;
    if (server.certificate == nullptr || server.key == nullptr) {
      notes_.add(*server.directive, "listens with ssl and has no certificate and key");
    } else {
      Certificate made{server.certificate->words[0], pem(*server.certificate), pem(*server.key)};
      if (!made.certificate.empty() && !made.key.empty()) {
        made_.has_keys = true;
        ready.certificates.push_back(std::move(made));
      }
    }
    const Directive* verification = server.verification;
    const std::string word =
        verification == nullptr || verification->words.empty() ? "off" : verification->words[0];
    if (word == "off") return;
    if (word != "on")
      return notes_.add(*verification, word + " is not converted: clients send no certificate");
    if (server.client_authority != nullptr) ready.client_authority = pem(*server.client_authority);
    if (ready.client_authority.empty())
      close_for(*verification, "the authority of its clients is not known", server.settings,
                notes_);
  }

  // In base64; "", with a note, if it cannot be read.
  std::string pem(const Directive& directive) {
    if (directive.words.empty()) return "";
    const auto text = files_.read_pem(directive.words[0]);
    if (text) return base64_encode(*text);
    notes_.add(directive, text.error().message + ": add it to the HTTPServer yourself");
    return "";
  }

  void add_locations(ReadyServer& ready) {
    const VirtualServer& server = ready.server;
    const bool proxied = std::ranges::any_of(server.listens, &Listen::proxy_protocol);
    if (proxied)
      notes_.add(*server.directive,
                 "has proxy_protocol without real_ip_header: its client is the one of the PROXY "
                 "header, and not the peer");
    const Surroundings around{.upstreams = upstreams_,
                              .zones = zones_,
                              .path_of = files_.path_of,
                              .server = server.directive,
                              .server_name = server.names.empty() ? "" : server.names[0],
                              .port = server.listens[0].port,
                              .proxied = proxied};
    std::vector<Location> locations = locations_of(server, around, notes_);
    std::vector<std::pair<const Location*, std::string>> named;
    for (Location& location : locations) {
      const std::string slug = location.directive == nullptr ? "rest" : slug_of(location.name);
      const std::string name = free_name(prefix_ + "-" + slug);
      add_object(name, pipeline_of(location), *location.place);
      location.path["backend"] = name;
      if (location.closed) made_.closed.push_back(name);
      if (location.closed && location.directive != nullptr && location.directive->has_block)
        named.emplace_back(&location, name);
      ready.tunnel_time = std::max(ready.tunnel_time, location.tunnel_time);  // none is the least
      ready.paths.push_back(std::move(location.path));
    }
    name_places(server, std::move(named));
  }

  // Says in the notes which location and which Pipeline is closed; inner locations first.
  void name_places(const VirtualServer& server,
                   std::vector<std::pair<const Location*, std::string>> named) {
    std::ranges::stable_sort(named, std::ranges::greater(),
                             [](const auto& one) { return one.first->around.size(); });
    for (const auto& [location, pipeline] : named) {
      notes_.name_place(location->directive->block,
                        line_of(*location->directive) + " (Pipeline " + pipeline + ")");
    }
    const std::string name = server.names.empty() ? "" : " " + server.names[0];
    notes_.name_place(server.directive->block, "the server" + name);
  }

  void add_servers() {
    const std::vector<MadeServer> all = http_servers(servers_);
    for (const MadeServer& made : all) {
      const std::string name =
          all.size() == 1 ? prefix_ : prefix_ + "-" + std::to_string(made.port);
      add_object(free_name(name), made.object, *made.place);
    }
  }

  std::string free_name(const std::string& wanted) {
    std::string name = wanted;
    for (int i = 2; !names_.insert(name).second; ++i) name = wanted + "-" + std::to_string(i);
    return name;
  }

  void add_object(const std::string& name, const Json& object, const Directive& place) {
    Json whole = {{"name", name}};
    whole.update(object);
    made_.objects.push_back(std::move(whole));
    made_.places.push_back(&place);
  }

  const std::string prefix_;
  const NamedFiles& files_;
  Notes notes_;
  Upstreams upstreams_;
  LimitZones zones_;
  std::vector<ReadyServer> servers_;
  std::set<std::string> names_;
  Conversion made_;
};

}  // namespace

std::string line_of(const Directive& directive) {
  std::string text = directive.name;
  for (const std::string& word : directive.words) text.append(1, ' ').append(word);
  return text;
}

Result<Conversion> convert(const std::vector<Directive>& config, const std::string& prefix,
                           const NamedFiles& files) {
  return Converter(prefix, files).run(config);
}

}  // namespace sluice::egctl::nginx
