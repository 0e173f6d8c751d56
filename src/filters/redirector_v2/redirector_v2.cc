// SPDX-License-Identifier: Apache-2.0
#include "filters/redirector_v2/redirector_v2.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "base/host_port.h"
#include "filters/redirector/location.h"
#include "http/path.h"
#include "pipeline/exchange.h"
#include "pipeline/simple_kind.h"

namespace sluice::filters {
namespace {

struct PathReplacementSpec {
  std::string type;
  std::string replace_full_path;
  std::string replace_prefix_match;

  void fields(auto& visit) {
    visit("type", type,
          {.required = true,
           .one_of = {"ReplaceFullPath", "ReplacePrefixMatch"},
           .doc = "which part of the path is replaced"});
    visit("replaceFullPath", replace_full_path,
          {.format = config::Format::path, .doc = "the new path, for `ReplaceFullPath`"});
    visit(
        "replacePrefixMatch", replace_prefix_match,
        {.format = config::Format::path,
         .doc = "what takes the place of the `pathPrefix` of the rule, for `ReplacePrefixMatch`"});
  }
  [[nodiscard]] bool is_full() const { return type == "ReplaceFullPath"; }
  void validate(const std::string& path, config::Faults& faults) const {
    if (is_full() && replace_full_path.empty())
      faults.add(config::join_path(path, "replaceFullPath"), "is required with ReplaceFullPath");
    if (!is_full() && replace_prefix_match.empty()) {
      faults.add(config::join_path(path, "replacePrefixMatch"),
                 "is required with ReplacePrefixMatch");
    }
  }
};

struct RedirectorV2Spec {
  pipeline::FilterMeta meta;
  std::string scheme;
  std::string hostname;
  std::optional<int> port;
  std::optional<PathReplacementSpec> path;
  int status_code = 302;

  void fields(auto& visit) {
    meta.fields(visit);
    visit("scheme", scheme, {.one_of = {"http", "https"}, .doc = "default: the request's"});
    visit("hostname", hostname, {.doc = "without port; default: the request's"});
    visit("port", port,
          {.min = 1,
           .max = 65535,
           .doc = "default: the request's; that of the scheme, if scheme or hostname is given"});
    visit("path", path, {.doc = "default: the request's"});
    visit("statusCode", status_code, {.doc = "301, 302, 303, 307 or 308"});
  }
  void validate(const std::string& where, config::Faults& faults) const {
    check_redirect_status(status_code, config::join_path(where, "statusCode"), faults);
    const bool is_name = http::is_host(hostname) && split_host_port(hostname).rest.empty();
    if (!hostname.empty() && !is_name)
      faults.add(config::join_path(where, "hostname"), config::quote(hostname) + " is not a host");
    if (scheme.empty() && hostname.empty() && !port && !path)
      faults.add(where, "leads nowhere: give scheme, hostname, port or path");
  }
};

class RedirectorV2 final : public pipeline::Filter {
 public:
  static constexpr std::string_view kKind = "RedirectorV2";
  static constexpr std::string_view kDescription =
      "Redirects to the request's URL with parts of it replaced.";
  static constexpr std::array<std::string_view, 1> kResults = {"redirected"};

  explicit RedirectorV2(std::shared_ptr<const RedirectorV2Spec> spec) : spec_(std::move(spec)) {}

  Task<std::string_view> handle(pipeline::Exchange& exchange) override {
    const http::Request* request = exchange.request();
    // The asterisk of OPTIONS is no path that could follow a host.
    const bool has_url =
        request != nullptr && !request->host.empty() && request->escaped_path.starts_with('/');
    if (!has_url) co_return "";
    const std::string_view scheme = spec_->scheme.empty() ? request->scheme : spec_->scheme;
    std::string location = std::string(scheme) + "://" + authority(*request, scheme);
    location += encode_location(new_path(*request, exchange));
    if (request->has_query) location.append(1, '?').append(encode_location(request->query));
    const std::string own = request->scheme + "://" + request->host;
    if (location == own + encode_location(request->target())) co_return "";
    if (location.size() > kLocationBytesMax) {
      exchange.add_tag("redirectorV2: the location is too long");
      co_return "";
    }
    redirect(exchange.new_response(), spec_->status_code, location);
    co_return kResults[0];
  }

 private:
  [[nodiscard]] std::string authority(const http::Request& request, std::string_view scheme) const {
    const HostPort own = split_host_port(request.host);
    std::string text(spec_->hostname.empty() ? own.host : std::string_view(spec_->hostname));
    const int usual = scheme == "https" ? 443 : 80;
    if (spec_->port)
      return *spec_->port == usual ? text : text + ":" + std::to_string(*spec_->port);
    const bool elsewhere = !spec_->scheme.empty() || !spec_->hostname.empty();
    return elsewhere ? text : text.append(own.rest);
  }

  std::string new_path(const http::Request& request, pipeline::Exchange& exchange) const {
    if (!spec_->path) return request.escaped_path;
    if (spec_->path->is_full()) return spec_->path->replace_full_path;
    const std::string_view prefix = exchange.route.path_prefix;
    if (prefix.empty() || !request.path.starts_with(prefix)) {
      exchange.add_tag("redirectorV2: the path has not the prefix of its rule");
      return request.escaped_path;
    }
    std::string path = spec_->path->replace_prefix_match;
    std::string_view rest = http::escaped_after(request.escaped_path, prefix.size());
    if (rest.empty()) return path;
    while (path.ends_with('/')) path.pop_back();
    while (rest.starts_with('/')) rest.remove_prefix(1);
    return path.append(1, '/').append(rest);
  }

  std::shared_ptr<const RedirectorV2Spec> spec_;
};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_redirector_v2_kind() {
  return std::make_unique<pipeline::SimpleKind<RedirectorV2Spec, RedirectorV2>>();
}

}  // namespace sluice::filters
