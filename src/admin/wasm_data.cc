// SPDX-License-Identifier: Apache-2.0
#include "admin/wasm_data.h"

#include <chrono>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "admin/data/export.h"
#include "admin/data/reader.h"
#include "admin/data/writer.h"
#include "admin/owner_call.h"
#include "admin/pieces.h"
#include "control/controller.h"

namespace sluice::admin {
namespace {

constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();

// The data to which a call refers.
struct DataScope {
  store::Store& store;
  std::string ns;
  std::string prefix;  // "" = all keys
};

// `must_run`: the pipeline and its filter must exist. Otherwise the data of a deleted one is
// accepted.
Result<DataScope> target_of(Context& context, const ApiRequest& request, const PathNames& names,
                            bool must_run = false) {
  const control::Controller& controller = context.controller;
  SLUICE_TRY(std::string ns, must_run ? controller.data_namespace(names[0], names[1])
                                      : controller.stored_namespace(names[0], names[1]));
  const auto prefix = request.query.find("prefix");
  return DataScope{context.controller.store(), std::move(ns),
                   prefix == request.query.end() ? "" : prefix->second};
}

// Finds, before the status is sent, the errors that scan() would meet later.
Result<void> check_readable(const DataScope& target) {
  const auto page = target.store.list(target.ns, target.prefix, {}, 2);
  return page ? Result<void>() : std::unexpected(page.error());
}

WriteBody list_stream(DataScope target, std::uint64_t limit, DataFormat format) {
  return [target = std::move(target), limit, format](const WritePiece& write) {
    Pieces pieces(write);
    DataWriter writer(format);
    std::uint64_t left = limit;
    const auto scanned = target.store.scan(target.ns, target.prefix,
                                           [&](std::string_view key, std::string_view value) {
                                             writer.write(key, value, pieces.out);
                                             return pieces.flush(kPieceBytes) && --left > 0;
                                           });
    if (!scanned) return false;
    writer.close(pieces.out);
    return pieces.flush();
  };
}

Result<ApiResponse> list_data(Context& context, const ApiRequest& request, const PathNames& names) {
  SLUICE_TRY(DataScope target, target_of(context, request, names));
  SLUICE_TRY(const std::int64_t limit, query_number(request, "limit", kNoLimit, 1, kNoLimit));
  SLUICE_CHECK(check_readable(target));
  const DataFormat format = request.wants("yaml") ? DataFormat::yaml : DataFormat::json;
  ApiResponse response;
  response.content_type = format == DataFormat::yaml ? kYamlType : kJsonType;
  response.stream = list_stream(std::move(target), static_cast<std::uint64_t>(limit), format);
  return response;
}

Result<ApiResponse> write_out(Context& context, const ApiRequest& request, const PathNames& names) {
  SLUICE_TRY(DataScope target, target_of(context, request, names));
  SLUICE_CHECK(check_readable(target));
  ApiResponse response;
  response.content_type = kJsonLinesType;
  response.stream = [target, names](const WritePiece& write) {
    Pieces pieces(write);
    ExportWriter writer;
    writer.begin(names[0], names[1], std::chrono::system_clock::now(), pieces.out);
    const auto version = target.store.scan(target.ns, target.prefix,
                                           [&](std::string_view key, std::string_view value) {
                                             writer.write(key, value, pieces.out);
                                             return pieces.flush(kPieceBytes);
                                           });
    if (!version) return false;
    writer.end(*version, pieces.out);
    return pieces.flush();
  };
  return response;
}

// Reads the whole body into one import. Nothing changes before the commit at its end.
template <class Reader>
class ImportIntake final : public Intake {
 public:
  ImportIntake(const ApiRequest& request, std::unique_ptr<store::BulkImport> import)
      : request_(request), import_(std::move(import)), reader_(adder(*import_)) {}

  Result<void> take(std::string_view piece) override { return reader_.feed(piece); }
  Result<ApiResponse> finish() override {
    SLUICE_CHECK(reader_.finish());
    const std::uint64_t entries = import_->size();
    if (entries > 0) SLUICE_CHECK(import_->commit());
    return respond(request_, {{"entries", entries}});
  }

 private:
  static AddEntry adder(store::BulkImport& import) {
    return
        [&import](std::string_view key, std::string_view value) { return import.add(key, value); };
  }

  const ApiRequest& request_;
  const std::unique_ptr<store::BulkImport> import_;
  Reader reader_;
};

template <class Reader>
Result<std::unique_ptr<Intake>> open_import(Context& context, const ApiRequest& request,
                                            const PathNames& names) {
  SLUICE_TRY(const DataScope target, target_of(context, request, names, true));
  SLUICE_TRY(auto elsewhere, call_owner(context, request, target.ns));
  if (elsewhere) return elsewhere;
  SLUICE_TRY(auto import, target.store.begin_import(target.ns));
  return std::make_unique<ImportIntake<Reader>>(request, std::move(import));
}

Result<ApiResponse> count(Context& context, const ApiRequest& request, const PathNames& names) {
  SLUICE_TRY(const DataScope target, target_of(context, request, names));
  SLUICE_TRY(const std::uint64_t keys, target.store.count(target.ns, target.prefix));
  return respond(request, {{"count", keys}});
}

// A misspelt ?prefix=, or an empty one from an unset shell variable, must not delete everything.
Result<void> check_query(const ApiRequest& request) {
  for (const auto& [name, value] : request.query) {
    if (name == "unused") continue;
    if (name != "prefix" && name != "key") {
      return fail(ErrorKind::invalid, "?" + name + "= is not known here; use ?key= or ?prefix=");
    }
    if (value.empty()) {
      return fail(ErrorKind::invalid, "?" + name + "= is empty; leave it out to delete all");
    }
  }
  if (request.query.size() <= 1) return {};
  return fail(ErrorKind::invalid, "?key= and ?prefix= exclude each other");
}

Result<ApiResponse> remove_key(DataScope& target, const std::string& key) {
  // The response says whether the key existed. A concurrent writer may change that.
  SLUICE_TRY(const store::Page page, target.store.list(target.ns, key, {}, 2));
  if (page.entries.empty() || page.entries.front().key != key) {
    return fail(ErrorKind::not_found, "not found: no key \"" + key + "\"");
  }
  SLUICE_CHECK(target.store.erase(target.ns, key));
  return ApiResponse{};
}

// A pipeline may have been created since the caller looked.
Result<void> check_unused(const Context& context, const ApiRequest& request,
                          const PathNames& names) {
  if (!query_flag(request, "unused")) return {};
  if (!context.controller.has_filter(names[0], names[1])) return {};
  return fail(ErrorKind::conflict, "pipeline " + names[0] + " has a filter " + names[1]);
}

Result<ApiResponse> remove_data(Context& context, const ApiRequest& request,
                                const PathNames& names) {
  SLUICE_CHECK(check_query(request));
  SLUICE_TRY(DataScope target, target_of(context, request, names));
  SLUICE_TRY(const auto elsewhere, call_owner(context, request, target.ns));
  if (elsewhere) return elsewhere->finish();
  if (const auto key = request.query.find("key"); key != request.query.end()) {
    return remove_key(target, key->second);
  }
  SLUICE_CHECK(check_unused(context, request, names));
  SLUICE_CHECK(target.store.erase_all(target.ns, target.prefix));
  return ApiResponse{};
}

// Every namespace that holds data. `used`: whether a pipeline has the filter, even if it does not
// run.
Result<ApiResponse> overview(Context& context, const ApiRequest& request, const PathNames&) {
  store::Store& store = context.controller.store();
  SLUICE_TRY(const std::vector<std::string> namespaces, store.namespaces());
  Json list = Json::array();
  for (const std::string& ns : namespaces) {
    SLUICE_TRY(const std::uint64_t keys, store.count(ns, {}));
    const std::size_t slash = ns.find('/');
    const std::string pipeline = ns.substr(0, slash);
    const std::string filter = slash == ns.npos ? "" : ns.substr(slash + 1);
    const bool used = context.controller.has_filter(pipeline, filter);
    if (keys == 0 && !used) continue;
    list.push_back({{"pipeline", pipeline}, {"filter", filter}, {"keys", keys}, {"used", used}});
  }
  return respond(request, list);
}

constexpr QueryParameter kPrefix = text_query("prefix", "Only keys that begin with this");

using OpenImport = Result<std::unique_ptr<Intake>> (*)(Context&, const ApiRequest&,
                                                       const PathNames&);

}  // namespace

void add_wasm_data(ApiRouter& router, Context& context) {
  const Content entries = value_of("{*: any}");
  const Content taken = value_of("{entries: integer}");
  const Content lines{.types = {kJsonLinesType}};
  add(router, context, "wasm",
      {{"GET",
        "/wasm/data",
        overview,
        {.summary = "Lists the filters that have shared data",
         .answers = {{200, value_of("[{pipeline, filter, keys: integer, used: boolean}]"),
                      "Also of filters that are gone"}}}},
       {"GET",
        "/wasm/data/{pipeline}/{filter}",
        list_data,
        {.summary = "Prints the shared data of a filter",
         .query = {kPrefix, number_query("limit", 1, kNoLimit, "At most so many keys")},
         .answers = {{200, entries, "The values by their keys"}},
         .errors = {404}}},
       {"GET",
        "/wasm/data/{pipeline}/{filter}/count",
        count,
        {.summary = "Counts the keys of a filter",
         .query = {kPrefix},
         .answers = {{200, value_of("{count: integer}"), "The number"}},
         .errors = {404}}},
       {"GET",
        "/wasm/data/{pipeline}/{filter}/export",
        write_out,
        {.summary = "Writes the shared data of a filter for an import",
         .query = {kPrefix},
         .answers = {{200, lines, "A line for each key, between a head and an end"}},
         .errors = {404}}}});
  router.add({.group = "wasm",
              .method = "DELETE",
              .pattern = "/wasm/data/{pipeline}/{filter}",
              .handler =
                  [&context](const ApiRequest& request, const PathNames& names) {
                    return remove_data(context, request, names);
                  },
              .by_owner = true,
              .about = {.summary = "Deletes shared data of a filter: all keys without a query",
                        .query = {text_query("key", "This key"), kPrefix,
                                  flag_query("unused", "Only if no pipeline has the filter")},
                        .errors = {404, 409}}});
  const auto add_intake = [&](const char* pattern, OpenImport open, Declaration about) {
    router.add({.group = "wasm",
                .method = "PUT",
                .pattern = pattern,
                .intake = [&context, open](
                              const ApiRequest& request,
                              const PathNames& names) { return open(context, request, names); },
                .by_owner = true,
                .about = std::move(about)});
  };
  add_intake("/wasm/data/{pipeline}/{filter}", open_import<DataReader>,
             {.summary = "Puts keys and their values, all or none",
              .body = entries,
              .answers = {{200, taken, "How many keys"}},
              .errors = {404, 409}});
  add_intake("/wasm/data/{pipeline}/{filter}/import", open_import<ExportReader>,
             {.summary = "Puts what an export has written, all or none",
              .body = lines,
              .answers = {{200, taken, "How many keys"}},
              .errors = {404, 409}});
}

}  // namespace sluice::admin
