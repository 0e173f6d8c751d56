// SPDX-License-Identifier: Apache-2.0
#include "filters/redirector/redirector.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "filters/redirector/location.h"
#include "pipeline/exchange.h"
#include "pipeline/simple_kind.h"
#include "router/pattern.h"

namespace sluice::filters {
namespace {

using router::Pattern;
using router::Replacement;

enum class MatchPart { uri, path, full };

struct RedirectorSpec {
  pipeline::FilterMeta meta;
  std::string match;
  std::string match_part = "uri";
  std::string replacement;
  int status_code = 301;

  void fields(auto& visit) {
    meta.fields(visit);
    visit("match", match,
          {.required = true,
           .min = 1,
           .doc = "RE2 expression, found anywhere in the part of the URL"});
    visit("matchPart", match_part,
          {.one_of = {"uri", "path", "full"},
           .doc = "`uri`: path and query. `path`: the path. `full`: scheme, host, path and query, "
                  "as in `http://shop.example/a?b=1`"});
    visit("replacement", replacement,
          {.required = true,
           .min = 1,
           .doc = "replaces each match. `$1`, `${1}` and `${name}` stand for groups, `$$` for a "
                  "dollar. A group that the expression does not have is refused"});
    visit("statusCode", status_code, {.doc = "301, 302, 303, 307 or 308"});
  }
  void validate(const std::string& path, config::Faults& faults) const {
    check_redirect_status(status_code, config::join_path(path, "statusCode"), faults);
    const bool printable =
        std::ranges::all_of(replacement, [](char c) { return c > 0x20 && c < 0x7f && c != '\\'; });
    if (!printable) {
      faults.add(config::join_path(path, "replacement"),
                 "has a character that a URL cannot hold, write it as %NN");
    }
  }
};

struct RedirectorModel {
  std::optional<Pattern> pattern;
  std::optional<Replacement> replacement;
  MatchPart part = MatchPart::uri;
  int status = 301;
};

MatchPart parse_match_part(std::string_view text) {
  if (text == "path") return MatchPart::path;
  return text == "full" ? MatchPart::full : MatchPart::uri;
}

std::string site_of(const http::Request& request) { return request.scheme + "://" + request.host; }

// Whether `location` is the URL of the request itself.
bool is_own_url(std::string_view location, const http::Request& request) {
  return location.starts_with(request.scheme) && location == site_of(request) + request.target();
}

class Redirector final : public pipeline::Filter {
 public:
  static constexpr std::string_view kKind = "Redirector";
  static constexpr std::string_view kDescription =
      "Redirects to the URL that an expression makes from the request's.";
  static constexpr std::array<std::string_view, 1> kResults = {"redirected"};

  static RedirectorModel prepare(const RedirectorSpec& spec, const pipeline::FilterContext& context,
                                 config::Faults& faults) {
    RedirectorModel model{
        .pattern = Pattern::compile(spec.match, config::join_path(context.path, "match"), faults),
        .replacement = {},
        .part = parse_match_part(spec.match_part),
        .status = spec.status_code};
    if (!model.pattern) return model;
    model.replacement = Replacement::parse(spec.replacement, *model.pattern,
                                           config::join_path(context.path, "replacement"), faults);
    return model;
  }

  explicit Redirector(std::shared_ptr<const RedirectorModel> model) : model_(std::move(model)) {}

  Task<std::string_view> handle(pipeline::Exchange& exchange) override {
    const http::Request* request = exchange.request();
    if (request == nullptr) co_return "";
    const std::optional<std::string> location = find_location(*request, exchange);
    if (!location) co_return "";
    redirect(exchange.new_response(), model_->status, *location);
    co_return kResults[0];
  }

 private:
  // nullopt: the request is not redirected.
  std::optional<std::string> find_location(const http::Request& request,
                                           pipeline::Exchange& exchange) const {
    const bool full = model_->part == MatchPart::full;
    std::string text = model_->part == MatchPart::path ? request.escaped_path : request.target();
    const std::string site = full ? site_of(request) : "";
    if (full) text.insert(0, site);
    std::vector<Replacement::Traced> pieces;
    auto replaced =
        model_->replacement->apply_traced(*model_->pattern, text, kLocationBytesMax, pieces);
    if (!replaced) {
      if (model_->pattern->found_in(text)) exchange.add_tag("redirector: the location is too long");
      return std::nullopt;
    }
    if (*replaced == text || is_own_url(*replaced, request)) return std::nullopt;
    if (leads_astray(*replaced, pieces, site.size())) {
      exchange.add_tag("redirector: the request chooses the site of the location");
      return std::nullopt;
    }
    return encode_location(*std::move(replaced));
  }

  std::shared_ptr<const RedirectorModel> model_;
};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_redirector_kind() {
  return std::make_unique<pipeline::SimpleKind<RedirectorSpec, Redirector>>();
}

}  // namespace sluice::filters
