// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/request_copy.h"

#include <memory>
#include <string>

namespace sluice::filters {

http::Request copy_of(const http::Request& request) {
  http::Request copy;
  copy.version = request.version;
  copy.method = request.method;
  copy.scheme = request.scheme;
  copy.host = request.host;
  copy.escaped_path = request.escaped_path;
  copy.path = request.path;
  copy.query = request.query;
  copy.has_query = request.has_query;
  copy.headers = request.headers;
  copy.wants_trailers = request.wants_trailers;
  copy.body.assign(std::string(request.body.bytes()));
  if (const http::Headers* trailers = request.body.trailers())
    copy.body.set_trailers(std::make_unique<http::Headers>(*trailers));
  return copy;
}

}  // namespace sluice::filters
