// SPDX-License-Identifier: Apache-2.0
#include "filters/file_server/file_server.h"

#include <array>

#include "pipeline/unfinished.h"

namespace sluice::filters {
namespace {

constexpr std::array<std::string_view, 4> kFileServerResults = {"internalError", "serverError",
                                                                "clientError", "notFound"};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_file_server_kind() {
  return pipeline::unfinished_kind("FileServer", "Answers with files of a folder.",
                                   kFileServerResults);
}

}  // namespace sluice::filters
