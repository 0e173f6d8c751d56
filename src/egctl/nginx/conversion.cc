// SPDX-License-Identifier: Apache-2.0
#include "egctl/nginx/conversion.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/encoding.h"
#include "base/text.h"
#include "egctl/nginx/virtual_server.h"

namespace sluice::egctl::nginx {
namespace {

constexpr std::size_t kSlugBytesMax = 40;

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

using Address = std::pair<std::string, int>;

// A rule, and its place among those of the same address.
struct RankedRule {
  int rank = 0;
  std::size_t length = 0;  // of a wildcard: the longest first
  Json rule;
};

class Converter {
 public:
  Converter(std::string prefix, const ReadPem& read) : prefix_(std::move(prefix)), read_(read) {}

  Result<Conversion> run(const std::vector<Directive>& config) {
    const bool part =
        std::ranges::any_of(config, [](const Directive& one) { return one.name == "server"; });
    Settings none;
    if (part) {
      read_http(config);
    } else {
      for (const Directive* one : take_settings(config, none, notes_)) {
        if (one->name == "http") {
          read_http(one->block);
        } else {
          notes_.not_converted(*one);
        }
      }
    }
    if (servers_.empty()) return fail(ErrorKind::invalid, "there is no server in it");
    for (const VirtualServer& server : servers_) locations_.push_back(convert_locations(server));
    emit();
    return Conversion{std::move(objects_), notes_.lines()};
  }

 private:
  void read_http(const std::vector<Directive>& block) {
    Settings settings;
    for (const Directive* one : take_settings(block, settings, notes_)) {
      const std::string name = one->words.empty() ? "" : one->words[0];
      if (one->name == "upstream") {
        upstreams_[name] = one;
      } else if (one->name == "server") {
        blocks_.push_back(one);
      } else if (!(one->name == "map" && one->words.size() == 2 &&
                   one->words[1] == "$connection_upgrade")) {
        notes_.not_converted(*one);
      }
    }
    for (const Directive* one : std::exchange(blocks_, {}))
      servers_.push_back(read_server(*one, settings, notes_));
  }

  // With the names of their pipelines.
  std::vector<Json> convert_locations(const VirtualServer& server) {
    const std::string name = server.names.empty() ? "" : server.names[0];
    const Surroundings around{upstreams_, name, server.listens[0].port};
    std::vector<Location> locations;
    if (server.answer == nullptr) {
      for (const Directive* one : server.locations) {
        if (auto made = convert_location(*one, server.settings, around, notes_))
          locations.push_back(*std::move(made));
      }
    }
    order_locations(locations, notes_);
    const bool whole = std::ranges::any_of(locations, [](const Location& location) {
      return location.path.value("pathPrefix", "") == "/";
    });
    // Without it, a request would fall to the rules of another server.
    if (!whole) locations.push_back(remaining_location(server.answer, server.settings, notes_));
    std::vector<Json> paths;
    for (Location& location : locations) {
      const std::string slug = location.directive == nullptr ? "rest" : slug_of(location.text);
      location.path["backend"] = add_pipeline(slug, location.filters);
      paths.push_back(std::move(location.path));
    }
    return paths;
  }

  std::string add_pipeline(const std::string& slug, const Json& filters) {
    std::string name = prefix_ + "-" + slug;
    for (int i = 2; !names_.insert(name).second; ++i)
      name = prefix_ + "-" + slug + "-" + std::to_string(i);
    Json flow = Json::array();
    for (const Json& filter : filters) flow.push_back({{"filter", filter["name"]}});
    objects_.push_back(
        {{"name", name}, {"kind", "Pipeline"}, {"flow", flow}, {"filters", filters}});
    return name;
  }

  void emit() {
    std::map<Address, std::vector<std::size_t>> by_address;
    std::vector<Address> order;
    for (std::size_t i = 0; i < servers_.size(); ++i) {
      for (const Listen& listen : servers_[i].listens) {
        const Address address{listen.address, listen.port};
        if (by_address[address].empty()) order.push_back(address);
        by_address[address].push_back(i);
      }
    }
    for (const Address& address : order) {
      std::string name =
          order.size() == 1 ? prefix_ : prefix_ + "-" + std::to_string(address.second);
      for (int i = 2; !names_.insert(name).second; ++i)
        name = prefix_ + "-" + std::to_string(address.second) + "-" + std::to_string(i);
      objects_.push_back(http_server(name, address, by_address[address]));
    }
  }

  static const Listen& listen_of(const VirtualServer& server, const Address& address) {
    return *std::ranges::find_if(server.listens, [&](const Listen& listen) {
      return listen.address == address.first && listen.port == address.second;
    });
  }

  Json http_server(const std::string& name, const Address& address,
                   const std::vector<std::size_t>& members) {
    Json object = {{"name", name}, {"kind", "HTTPServer"}, {"port", address.second}};
    if (!address.first.empty()) object["address"] = address.first;
    std::size_t fallback = members[0];
    std::vector<RankedRule> rules;
    for (const std::size_t i : members) {
      const Listen& listen = listen_of(servers_[i], address);
      if (listen.is_default) fallback = i;
      if (listen.proxy_protocol) object["proxyProtocol"] = true;
      if (listen.tls) add_tls(servers_[i], object);
      add_rules(i, rules);
    }
    std::ranges::stable_sort(rules, [](const RankedRule& a, const RankedRule& b) {
      return a.rank != b.rank ? a.rank < b.rank : a.length > b.length;
    });
    object["rules"] = Json::array();
    for (RankedRule& rule : rules) object["rules"].push_back(std::move(rule.rule));
    object["rules"].push_back({{"paths", locations_[fallback]}});
    return object;
  }

  void add_rules(std::size_t place, std::vector<RankedRule>& rules) {
    for (const std::string& word : servers_[place].names) {
      for (const ServerName& name : server_names(word)) {
        Json rule = {{"paths", locations_[place]}};
        const bool regexp = name.rank == ServerName::Rank::regexp;
        rule[regexp ? "hostRegexp" : "host"] = name.text;
        rules.push_back({static_cast<int>(name.rank), regexp ? 0 : name.text.size(), rule});
      }
    }
  }

  void add_tls(const VirtualServer& server, Json& object) {
    object["https"] = true;
    if (server.certificate == nullptr || server.key == nullptr)
      return notes_.add(*server.directive, "listens with ssl and has no certificate and key");
    const std::string certificate = pem(*server.certificate);
    const std::string key = pem(*server.key);
    const std::string& name = server.certificate->words[0];
    if (!certificate.empty() && !key.empty()) {
      object["certs"][name] = certificate;
      object["keys"][name] = key;
    }
    if (server.client_authority == nullptr || !server.verifies_clients) return;
    object["caCertBase64"] = pem(*server.client_authority);
  }

  // In base64; "", with a note, if it cannot be read.
  std::string pem(const Directive& directive) {
    if (directive.words.empty()) return "";
    const auto text = read_(directive.words[0]);
    if (text) return base64_encode(*text);
    notes_.add(directive, text.error().message + ": put it into certs and keys");
    return "";
  }

  const std::string prefix_;
  const ReadPem& read_;
  Notes notes_;
  Upstreams upstreams_;
  std::vector<const Directive*> blocks_;
  std::vector<VirtualServer> servers_;
  std::vector<std::vector<Json>> locations_;  // by server: the paths of its rules
  std::set<std::string> names_;
  std::vector<Json> objects_;
};

}  // namespace

Result<Conversion> convert(const std::vector<Directive>& config, const std::string& prefix,
                           const ReadPem& read) {
  return Converter(prefix, read).run(config);
}

}  // namespace sluice::egctl::nginx
