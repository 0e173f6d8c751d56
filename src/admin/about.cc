// SPDX-License-Identifier: Apache-2.0
#include "admin/about.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "control/controller.h"

namespace sluice::admin {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    if (end > begin) lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

ApiResponse health(const Context& context) {
  std::vector<std::string> reasons = lines_of(context.controller.health());
  std::vector<std::string> troubles = context.controller.troubles();
  if (const auto clock = context.clock_warning.load(); clock && !clock->empty())
    troubles.push_back(*clock);
  if (context.lacks_cluster_addr.load()) {
    troubles.emplace_back(
        "no cluster-addr: other members cannot hand requests over to this one, which fail while it "
        "owns their data");
  }
  if (!reasons.empty()) {
    std::ranges::move(troubles, std::back_inserter(reasons));
    return respond_error(Error{ErrorKind::unavailable, "not healthy", std::move(reasons)});
  }
  // Healthy: a restart of the process would not repair an object.
  std::string text;
  for (const std::string& line : troubles) text += line + "\n";
  return respond_text(std::move(text));
}

ApiResponse about(const Context& context) {
  return respond_text("sluice-server " SLUICE_VERSION "\nmember " + context.options.member_name +
                      "\n");
}

}  // namespace

// Quick: a probe is answered while changes wait for URLs and guests.
void add_about(ApiRouter& router, Context& context) {
  const auto add = [&router](const char* pattern, Handler handler, Declaration about) {
    router.add({.group = "admin",
                .method = "GET",
                .pattern = pattern,
                .handler = std::move(handler),
                .quick = true,
                .about = std::move(about)});
  };
  const Content text{.types = {kTextType}};
  add("",
      [&router](const ApiRequest& request, const PathNames&) {
        return respond(request, router.list());
      },
      {.summary = "Lists the paths of the API",
       .answers = {
           {200, value_of("[{group, entries: [{path, method}]}]"), "The groups of paths"}}});
  add("/healthz", [&context](const ApiRequest&, const PathNames&) { return health(context); },
      {.summary = "Tells whether the server is healthy",
       .answers = {{200, text, "Healthy; a line for each trouble that a restart would not mend"}}});
  add("/about", [&context](const ApiRequest&, const PathNames&) { return about(context); },
      {.summary = "Tells the version and the name of the member",
       .answers = {{200, text, "Two lines"}}});
}

}  // namespace sluice::admin
