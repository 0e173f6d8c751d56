// SPDX-License-Identifier: Apache-2.0
#include "admin/backup.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "admin/pieces.h"
#include "admin/restore.h"
#include "backup/writer.h"
#include "base/time.h"
#include "control/controller.h"
#include "control/custom_data.h"
#include "filters/wasm_host/code.h"

namespace sluice::admin {
namespace {

// A backup takes every module that can run.
static_assert(filters::kCodeBytesMax <= backup::kCodeBytesMax);

// The contents of a backup. While it lives, the code stays.
struct Contents {
  control::Controller& controller;
  const Logger logger;
  control::SavedState state;
  std::shared_ptr<const control::CustomState> custom;
  std::vector<std::string> namespaces;
  backup::Header header;
};

// Reads all code once, so that a module that cannot be read is an error before the status is sent.
// A module that only objects use that do not run is left out then.
Result<void> check_code(Contents& contents) {
  std::vector<control::SavedCode> readable;
  for (const control::SavedCode& code : contents.state.code) {
    const auto bytes = contents.controller.load_code(code);
    if (bytes) {
      readable.push_back(code);
    } else if (code.in_use) {
      return fail(ErrorKind::unavailable,
                  "the code that runs cannot be saved: " + bytes.error().message +
                      "; `egctl wasm reload-code` keeps it again");
    }
  }
  contents.state.code = std::move(readable);
  return {};
}

// The namespaces that have data. Finds the errors that scan() would meet later.
Result<void> find_data(Contents& contents) {
  store::Store& store = contents.controller.store();
  SLUICE_TRY(const std::vector<std::string> all, store.namespaces());
  for (const std::string& ns : all) {
    SLUICE_TRY(const auto page, store.list(ns, {}, {}, 2));
    if (!page.entries.empty()) contents.namespaces.push_back(ns);
  }
  return {};
}

Result<void> write_code(const Contents& contents, backup::Writer& writer, Pieces& pieces) {
  for (const control::SavedCode& code : contents.state.code) {
    SLUICE_TRY(const std::string bytes, contents.controller.load_code(code));
    writer.begin_code({.sha256 = code.sha256, .kind = code.kind, .size = bytes.size()}, pieces.out);
    for (std::string_view rest = bytes; !rest.empty();) {
      const std::string_view piece = rest.substr(0, backup::kPieceBytes);
      writer.code_piece(piece, pieces.out);
      rest.remove_prefix(piece.size());
      if (!pieces.flush(kPieceBytes)) return fail(ErrorKind::closed, "the client has left");
    }
  }
  return {};
}

Result<void> write_objects(const Contents& contents, backup::Writer& writer, Pieces& pieces) {
  for (const control::SavedObject& object : contents.state.objects) {
    SLUICE_CHECK(writer.object({.name = object.name,
                                .kind = object.kind,
                                .runs = object.runs,
                                .pins = object.pins,
                                .spec = object.spec},
                               pieces.out));
    if (!pieces.flush(kPieceBytes)) return fail(ErrorKind::closed, "the client has left");
  }
  return {};
}

Result<void> write_custom(const Contents& contents, backup::Writer& writer, Pieces& pieces) {
  for (const auto& [name, of_kind] : contents.custom->kinds) {
    writer.custom_kind({.name = name, .spec = of_kind.kind->spec}, pieces.out);
    for (const auto& [id, item] : *of_kind.items) {
      writer.custom_item(id, name, *item, pieces.out);
      if (!pieces.flush(kPieceBytes)) return fail(ErrorKind::closed, "the client has left");
    }
  }
  return {};
}

// Each namespace as of one version.
Result<void> write_data(const Contents& contents, backup::Writer& writer, Pieces& pieces) {
  for (const std::string& ns : contents.namespaces) {
    writer.begin_data(ns, pieces.out);
    bool reads = true;
    SLUICE_TRY(
        const store::Version version,
        contents.controller.store().scan(ns, {}, [&](std::string_view key, std::string_view value) {
          writer.entry(key, value, pieces.out);
          reads = pieces.flush(kPieceBytes);
          return reads;
        }));
    if (!reads) return fail(ErrorKind::closed, "the client has left");
    writer.end_data(version, pieces.out);
  }
  return {};
}

Result<void> write_all_of(const Contents& contents, Pieces& pieces) {
  backup::Writer writer;
  writer.begin(contents.header, pieces.out);
  SLUICE_CHECK(write_code(contents, writer, pieces));
  SLUICE_CHECK(write_objects(contents, writer, pieces));
  SLUICE_CHECK(write_custom(contents, writer, pieces));
  SLUICE_CHECK(write_data(contents, writer, pieces));
  writer.end(pieces.out);
  return {};
}

bool write_backup(const Contents& contents, const WritePiece& write) {
  Pieces pieces(write);
  if (const auto written = write_all_of(contents, pieces); !written) {
    if (written.error().kind != ErrorKind::closed)
      contents.logger.error("the backup is broken off: " + written.error().message);
    return false;
  }
  return pieces.flush();
}

Result<ApiResponse> make_backup(Context& context, const ApiRequest& request, const PathNames&) {
  if (!request.by_admin)
    return fail(ErrorKind::forbidden, "a backup holds secrets: it takes an admin");
  const auto contents =
      std::make_shared<Contents>(Contents{.controller = context.controller,
                                          .logger = context.logger,
                                          .state = context.controller.save(),
                                          .custom = context.controller.custom_data().state(),
                                          .namespaces = {},
                                          .header = {}});
  SLUICE_CHECK(check_code(*contents));
  SLUICE_CHECK(find_data(*contents));
  contents->header = {.program_version = SLUICE_VERSION,
                      .member = context.options.member_name,
                      .time = format_rfc3339_ms(std::chrono::system_clock::now()),
                      .code = contents->state.code.size(),
                      .objects = contents->state.objects.size(),
                      .namespaces = contents->namespaces,
                      .custom = contents->custom->kinds.size() + contents->custom->count()};
  ApiResponse response;
  response.content_type = backup::kMediaType;
  response.stream = [contents](const WritePiece& write) { return write_backup(*contents, write); };
  return response;
}

}  // namespace

void add_backup(ApiRouter& router, Context& context) {
  const Content file{.types = {backup::kMediaType}};
  add(router, context, "backup",
      {{"GET",
        "/backup",
        make_backup,
        {.summary = "Makes a backup; takes an admin", .answers = {{200, file, "The file"}}}}});
  router.add({.group = "backup",
              .method = "PUT",
              .pattern = "/backup",
              .intake = [&context](const ApiRequest& request,
                                   const PathNames&) { return begin_restore(context, request); },
              .about = {.summary = "Restores a backup",
                        .query = {flag_query("force", "Replace what there is")},
                        .body = file,
                        .answers = {{200,
                                     value_of("{time, code: integer, objects: [{name, kind, "
                                              "warning?, version?: integer}], namespaces: integer, "
                                              "entries: integer, custom: integer, done: [text]}"),
                                     "What is restored"}},
                        .errors = {404, 409}}});
}

}  // namespace sluice::admin
