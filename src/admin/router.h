// SPDX-License-Identifier: Apache-2.0
// Maps a method and a path to a handler.
#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "admin/declaration.h"
#include "admin/message.h"

namespace sluice::admin {

inline constexpr std::size_t kBodyBytesMax = 16 << 20;

// The values of the `{...}` in the pattern, in order. All are valid names; that of {id} is a valid
// id of custom data.
using PathNames = std::vector<std::string>;
// The response to an error is respond_error().
using Handler = std::function<Result<ApiResponse>(const ApiRequest&, const PathNames&)>;

// Takes the body of a call as it arrives, on threads that may block, one call at a time. Destroyed
// before finish(), it changes nothing.
class Intake {
 public:
  virtual ~Intake() = default;
  // An error ends the reading, and is the response.
  [[nodiscard]] virtual Result<void> take(std::string_view piece) = 0;
  // Called after the last piece.
  [[nodiscard]] virtual Result<ApiResponse> finish() = 0;
};
// The request outlives the Intake.
using OpenIntake = std::function<Result<std::unique_ptr<Intake>>(const ApiRequest& request,
                                                                 const PathNames& names)>;

struct ApiRoute {
  std::string group;    // the group in the list that GET of the prefix returns
  std::string method;   // GET also answers HEAD
  std::string pattern;  // "/objects/{name}"
  Handler handler{};
  std::size_t body_bytes_max = kBodyBytesMax;
  OpenIntake intake{};  // replaces `handler`, for a body of any length
  // A change of the data of "{pipeline}/{filter}". On a shared store, call_owner() brings it to the
  // member that owns the data.
  bool by_owner = false;
  bool quick = false;  // never waits for a change or a download: served even if all threads do
  Declaration about{};
};

// A route, and the names in the path.
struct RouteMatch {
  const ApiRoute* route;
  PathNames names;
};

class ApiRouter {
 public:
  void add(ApiRoute route);
  // 405 names the methods of the pattern with the fewest {...} that matches.
  // On error, returns the response to send: 404, 405 or 400. 400 also if the query has a parameter
  // that the route declares, with a value that the declaration excludes.
  [[nodiscard]] std::expected<RouteMatch, ApiResponse> find(const ApiRequest& request) const;
  [[nodiscard]] bool is_empty() const { return entries_.empty(); }
  // In the order of add(). Valid until the next add().
  [[nodiscard]] std::vector<const ApiRoute*> routes() const;
  // [{group, entries: [{path, method}]}]
  [[nodiscard]] Json list() const;

 private:
  struct CompiledRoute {
    ApiRoute route;
    std::vector<std::string> segments;
  };
  [[nodiscard]] std::size_t fewest_placeholders(const std::vector<std::string>& path) const;

  std::vector<CompiledRoute> entries_;
};

// Splits a request target into segments and query. Errors: `not_found` outside /apis/v1 and
// /apis/v2, `invalid` for a malformed target.
[[nodiscard]] Result<void> parse_target(std::string_view target, ApiRequest& out);
// nullopt if an escape is malformed.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);

}  // namespace sluice::admin
