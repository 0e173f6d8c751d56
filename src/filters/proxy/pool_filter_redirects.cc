// SPDX-License-Identifier: Apache-2.0
// The part of a PoolFilter that follows redirects.
#include "filters/proxy/pool_filter.h"
#include "filters/proxy/redirect.h"

namespace sluice::filters {
namespace {

// Replaces the target of a request. The destructor restores it.
class Detour {
 public:
  explicit Detour(http::Request& request)
      : request_(request),
        escaped_path_(request.escaped_path),
        path_(request.path),
        query_(request.query),
        has_query_(request.has_query) {}
  Detour(const Detour&) = delete;
  Detour& operator=(const Detour&) = delete;
  ~Detour() {
    request_.escaped_path = std::move(escaped_path_);
    request_.path = std::move(path_);
    request_.query = std::move(query_);
    request_.has_query = has_query_;
  }
  // Returns false if `target` is not a valid target.
  bool turn_to(const std::string& target) { return request_.set_target(target); }

 private:
  http::Request& request_;
  std::string escaped_path_;
  std::string path_;
  std::string query_;
  bool has_query_;
};

}  // namespace

// The deadline of the try covers all redirects.
Task<backend::Outcome<Reply>> PoolFilter::follow(Try& attempt, http::Request& request,
                                                 http::Response& response) {
  const bool repeatable =
      !request.body.is_stream() && request.body.bytes().empty() && request.upgraded == nullptr;
  Detour detour(request);
  for (std::uint32_t followed = 0;; ++followed) {
    auto outcome = co_await servers_.exchange(attempt, request, response);
    if (!outcome || !repeatable || followed == prototype_->redirections_max_) co_return outcome;
    const backend::Servers& servers = prototype_->servers_->servers();
    const auto target = redirect_target(request, response, servers, servers[outcome->server]);
    if (!target || !detour.turn_to(*target)) co_return outcome;
    response.body.clear();
  }
}

}  // namespace sluice::filters
