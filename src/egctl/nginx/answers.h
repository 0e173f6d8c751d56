// SPDX-License-Identifier: Apache-2.0
// return, rewrite and if, as filters that answer or redirect.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/json.h"
#include "egctl/nginx/notes.h"
#include "egctl/nginx/settings.h"

namespace sluice::egctl::nginx {

// A filter that answers with a status.
[[nodiscard]] Json mock(int code, const std::string& body = "", const std::string& type = "");

// Of `return`. nullopt: it has no counterpart. `server_name`: the value of that variable.
[[nodiscard]] std::optional<Json> answer_filter(const Directive& directive,
                                                const std::string& server_name,
                                                const std::string& type);

// Whether the expression of a `rewrite` takes every path.
[[nodiscard]] bool takes_all(const std::string& expression);

// Of `rewrite`, for the paths that its expression takes: a Redirector. nullopt: it is no redirect,
// or has no counterpart.
[[nodiscard]] std::optional<Json> redirect_of_rewrite(const Directive& directive,
                                                      const std::string& server_name);

// Whether a `rewrite` changes the path, and the location goes on with it.
[[nodiscard]] bool is_break(const Directive& rewrite);

// Of such a `rewrite`: the rewriteTarget beside its expression. nullopt: it has no counterpart.
[[nodiscard]] std::optional<std::string> path_of_break(const Directive& rewrite);

// A redirect to `path`, with the query.
[[nodiscard]] Json slash_redirect(const std::string& path);

// Of an `if` that looks at the scheme or the host, and redirects: a Redirector that lets all other
// requests pass. nullopt: another `if`.
[[nodiscard]] std::optional<Json> redirect_of_if(const Directive& directive,
                                                 const std::string& server_name);

}  // namespace sluice::egctl::nginx
