// SPDX-License-Identifier: Apache-2.0
// The rules of a CORSAdaptor (the CORS protocol of the Fetch standard). Immutable; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/fields.h"
#include "http/message.h"
#include "pipeline/filter.h"

namespace sluice::filters {

struct CorsSpec {
  pipeline::FilterMeta meta;
  std::vector<std::string> allowed_origins = {"*"};
  std::vector<std::string> allowed_methods = {"HEAD", "GET", "POST"};
  std::vector<std::string> allowed_headers;
  bool allow_credentials = false;
  std::vector<std::string> exposed_headers;
  int max_age = 0;

  void fields(auto& visit) {
    meta.fields(visit);
    visit("allowedOrigins", allowed_origins,
          {.unique = true,
           .doc = "`scheme://host[:port]`, each with one `*` at most, which stands for part of a "
                  "host. `*` alone, the default: all"});
    visit("allowedMethods", allowed_methods,
          {.format = config::Format::http_method,
           .unique = true,
           .doc = "methods of requests. Default: HEAD, GET and POST"});
    visit("allowedHeaders", allowed_headers,
          {.unique = true, .doc = "headers that a page may set, beside the simple ones. `*`: all"});
    visit("allowCredentials", allow_credentials,
          {.doc = "whether cookies and credentials may be sent. Needs names in `allowedOrigins`"});
    visit("exposedHeaders", exposed_headers,
          {.unique = true, .doc = "headers of responses that a page may read"});
    visit("maxAge", max_age,
          {.min = -1,
           .doc = "seconds for which a browser keeps the answer to a preflight. 0: as the browser "
                  "likes. -1: not at all"});
    visit.note("supportCORSRequest", "ordinary requests get their headers always");
  }
  void validate(const std::string& path, config::Faults& faults) const;
};

class CorsPolicy {
 public:
  // Requires: `spec` is valid.
  explicit CorsPolicy(const CorsSpec& spec);

  // The origin of the request; nullopt: it has none. Several are one that no policy allows.
  [[nodiscard]] static std::optional<std::string_view> origin_of(const http::Request& request);
  [[nodiscard]] static bool is_preflight(const http::Request& request);
  [[nodiscard]] bool allows_origin(std::string_view origin) const;

  // Sets the fields of the answer to a preflight; none of those that allow, if the request would
  // not be allowed.
  void answer_preflight(const http::Request& request, std::string_view origin,
                        http::Headers& headers) const;
  // The fields that a response to `method` from `origin` carries. An empty origin: the request has
  // none.
  void mark(std::string_view method, std::string_view origin, http::Headers& headers) const;

 private:
  struct Origin {
    std::string front;
    std::optional<std::string> back;  // nullopt: `front` is all of it
  };
  [[nodiscard]] bool allows_method(std::string_view method) const;
  // The names that the request asks for, joined; nullopt: one of them is not allowed.
  [[nodiscard]] std::optional<std::string> allowed_names(const http::Request& request) const;
  void allow(std::string_view origin, http::Headers& headers) const;

  std::vector<Origin> origins_;
  bool any_origin_ = false;
  std::vector<std::string> methods_;
  std::vector<std::string> headers_;  // in lower case
  bool any_header_ = false;
  bool credentials_;
  std::string exposed_;
  std::string max_age_;  // "": not sent
};

}  // namespace sluice::filters
