// SPDX-License-Identifier: Apache-2.0
#include "admin/picture/picture.h"

#include <string>

#include "admin/picture/files.h"

namespace sluice::admin {
namespace {

constexpr std::string_view kPageName = "index.html";
constexpr std::string_view kPagePattern = "/picture";
// Only what this server sends runs, and nothing goes elsewhere.
constexpr std::string_view kPolicyOfPage =
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src "
    "'none'";

std::string_view type_of(std::string_view name) {
  if (name.ends_with(".html")) return "text/html; charset=utf-8";
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".svg")) return "image/svg+xml";
  return "text/javascript; charset=utf-8";
}

void add_file(ApiRouter& router, const std::string& pattern, const PictureFile& file) {
  router.add({.group = "picture",
              .method = "GET",
              .pattern = pattern,
              .handler = [file](const ApiRequest&, const PathNames&) -> Result<ApiResponse> {
                return ApiResponse{.content_type = std::string(type_of(file.name)),
                                   .body = std::string(file.bytes),
                                   .policy = kPolicyOfPage};
              },
              .quick = true,
              .about = {.summary = "The page of the live picture",
                        .answers = {{200, {.types = {type_of(file.name)}}, "The page"}},
                        .is_part_of_page = pattern != kPagePattern}});
}

}  // namespace

void add_picture(ApiRouter& router) {
  for (const PictureFile& file : picture_files()) {
    if (file.name == kPageName) add_file(router, std::string(kPagePattern), file);
    add_file(router, std::string(kPagePattern) + "/" + std::string(file.name), file);
  }
}

}  // namespace sluice::admin
