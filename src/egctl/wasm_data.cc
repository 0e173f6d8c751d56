// SPDX-License-Identifier: Apache-2.0
// `egctl wasm list-data` and the other commands for the shared data of a filter.
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>

#include "egctl/commands.h"
#include "egctl/files.h"
#include "egctl/json_text.h"
#include "egctl/progress.h"
#include "egctl/table.h"

namespace sluice::egctl {
namespace {

struct Arguments {
  std::string pipeline;
  std::string filter;
  std::string file;
  std::string prefix;
  std::string key;
  std::uint64_t limit = 0;  // 0 = none
  bool reload_code = false;

  [[nodiscard]] std::string label() const { return pipeline + "/" + filter; }
  [[nodiscard]] std::string path(const std::string& below = "") const {
    std::string path = "/wasm/data/" + percent_encode(pipeline) + "/" + percent_encode(filter);
    path += below;
    if (!prefix.empty()) path += "?prefix=" + percent_encode(prefix);
    if (!key.empty()) path += "?key=" + percent_encode(key);
    if (limit > 0) path += (prefix.empty() ? "?limit=" : "&limit=") + std::to_string(limit);
    return path;
  }
};

using Run = Result<void> (*)(Session&, const Arguments&);

// The error of the step `what`. A closed output is not reported as a failure.
std::unexpected<Error> failed_at(const std::string& what, const Arguments& arguments, Error error) {
  if (error.kind == ErrorKind::closed) return std::unexpected(std::move(error));
  return failed(what + " of " + arguments.label(), std::move(error));
}

// Without names: lists the filters that have data, also those of deleted pipelines.
Result<void> list_namespaces(Session& session) {
  SLUICE_TRY(const Client client, session.client());
  const auto answer = client.json({.path = "/wasm/data"});
  if (!answer) return failed("list data", answer.error());
  if (session.format() != Output::standard) {
    session.print(*answer);
    return {};
  }
  std::vector<Row> rows{{"PIPELINE", "FILTER", "KEYS", "USED"}};
  for (const Json& one : *answer) {
    rows.push_back({text_at(one, "pipeline"), text_at(one, "filter"),
                    std::to_string(one.value("keys", std::uint64_t{0})),
                    one.value("used", false) ? "yes" : "no"});
  }
  session.out << format_table(rows);
  return {};
}

Result<void> list_data(Session& session, const Arguments& arguments) {
  if (arguments.pipeline.empty()) return list_namespaces(session);
  if (arguments.filter.empty()) {
    return fail(ErrorKind::invalid, "requires pipeline and filter name, or neither of them");
  }
  SLUICE_TRY(const Client client, session.client());
  const std::string_view accept = session.format() == Output::json ? kJson : kYaml;
  const Call call{.path = arguments.path(), .accept = accept};
  if (auto listed = client.stream(call, write_to(session.out)); !listed) {
    return failed_at("list data", arguments, std::move(listed).error());
  }
  return {};
}

Result<void> count_data(Session& session, const Arguments& arguments) {
  SLUICE_TRY(const Client client, session.client());
  const auto answer = client.json({.path = arguments.path("/count")});
  if (!answer) return failed_at("count data", arguments, answer.error());
  if (session.format() == Output::standard) {
    session.out << answer->value("count", std::uint64_t{0}) << "\n";
  } else {
    session.print(*answer);
  }
  return {};
}

std::uint64_t entries_of(const std::string& answer) {
  const Json value = Json::parse(answer, nullptr, false);
  return value.is_object() ? value.value("entries", std::uint64_t{0}) : 0;
}

// Sends the file while reading it. The server commits all of it or nothing.
Result<void> upload(Session& session, const std::string& file, const Call& call) {
  SLUICE_TRY(InputFile input, InputFile::open(file));
  SLUICE_TRY(const Client client, session.client());
  Progress progress(session.err, ::isatty(STDERR_FILENO) != 0);
  const auto give = [&]() -> Result<std::string> {
    Result<std::string> piece = input.read();
    if (piece && piece->empty()) progress.committing();
    if (piece) progress.sent(*piece);
    return piece;
  };
  const auto answer = client.upload(call, give);
  if (answer) {
    progress.committed(entries_of(*answer));
    return {};
  }
  progress.broken();
  Error error = answer.error();
  if (error.kind != ErrorKind::unavailable) error.message += "; nothing was changed";
  return std::unexpected(std::move(error));
}

Result<void> send_data(Session& session, const Arguments& arguments) {
  auto sent = upload(session, arguments.file, {.method = "PUT", .path = arguments.path()});
  return sent ? sent : failed_at("apply data", arguments, std::move(sent).error());
}

Result<void> apply_data(Session& session, const Arguments& arguments) {
  const bool named = !arguments.pipeline.empty() && !arguments.filter.empty();
  const bool only_reload =
      arguments.reload_code && arguments.pipeline.empty() && arguments.file.empty();
  if (!named && !only_reload) return fail(ErrorKind::invalid, "requires pipeline and filter name");
  if (named) SLUICE_CHECK(send_data(session, arguments));
  return arguments.reload_code ? reload_code(session) : Result<void>();
}

Result<void> delete_data(Session& session, const Arguments& arguments) {
  SLUICE_TRY(const Client client, session.client());
  if (auto deleted = client.text({.method = "DELETE", .path = arguments.path()}); !deleted) {
    return failed_at("delete data", arguments, std::move(deleted).error());
  }
  return {};
}

Result<void> export_to_file(const Client& client, const Call& call, const std::string& path) {
  SLUICE_TRY(OutputFile file, OutputFile::create(path));
  SLUICE_CHECK(client.stream(call, [&](std::string_view piece) { return file.write(piece); }));
  return file.commit();
}

Result<void> export_data(Session& session, const Arguments& arguments) {
  SLUICE_TRY(const Client client, session.client());
  const Call call{.path = arguments.path("/export"), .accept = kJsonLines};
  auto done = arguments.file == "-" ? client.stream(call, write_to(session.out))
                                    : export_to_file(client, call, arguments.file);
  return done ? done : failed_at("export data", arguments, std::move(done).error());
}

Result<void> import_data(Session& session, const Arguments& arguments) {
  const Call call{.method = "PUT", .path = arguments.path("/import"), .content_type = kJsonLines};
  auto done = upload(session, arguments.file, call);
  return done ? done : failed_at("import data", arguments, std::move(done).error());
}

using Added = std::pair<Command, std::shared_ptr<Arguments>>;

Added add_command(Command wasm, const std::string& name, const std::string& text) {
  const Command command = wasm.add(name, text);
  auto arguments = std::make_shared<Arguments>();
  command.option("PIPELINE", arguments->pipeline, "name of the pipeline");
  command.option("FILTER", arguments->filter, "name of the filter");
  return {command, std::move(arguments)};
}

// A command that requires both names.
Added add_named(Command wasm, Session& session, const std::string& name, const std::string& text,
                Run run) {
  Added added = add_command(wasm, name, text);
  set_action(added.first, session, [arguments = added.second, run](Session& s) -> Result<void> {
    if (!arguments->filter.empty()) return run(s, *arguments);
    return fail(ErrorKind::invalid, "requires pipeline and filter name");
  });
  return added;
}

// An empty shell variable must not delete everything.
std::string not_empty(const std::string& text) {
  return text.empty() ? "is empty; leave it out for all keys" : "";
}

std::string at_least_one(const std::string& text) {
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == text.npos;
  return digits && text.find_first_not_of('0') != text.npos ? "" : text + " is not 1 or more";
}

void add_prefix(const Added& added) {
  added.first.option("--prefix", added.second->prefix, "only keys that begin with it")
      .type_name("TEXT")
      .check(not_empty);
}

void add_file(const Added& added, const std::string& text) {
  added.first.option("FILE", added.second->file, text).required();
}

void add_apply_data(Command wasm, Session& session) {
  const auto [command, arguments] =
      add_command(wasm, "apply-data", "Write shared data from a file or standard input");
  command.option("-f,--file", arguments->file, "file to read, - for standard input")
      .type_name("FILE");
  command.flag("--reload-code", arguments->reload_code,
               "then reload all code; without names, only that");
  command.footer(
      "Keys that are not in the file stay. All of it is written, or nothing. Example:\n"
      "  echo 'id/user4: \"true\"' | egctl wasm apply-data flash-sale-pipeline wasm");
  set_action(command, session,
             [arguments = arguments](Session& s) { return apply_data(s, *arguments); });
}

void add_list_data(Command wasm, Session& session) {
  const Added list = add_command(wasm, "list-data",
                                 "Print the shared data of a filter, sorted by key; without names, "
                                 "list the filters that have data");
  set_action(list.first, session,
             [arguments = list.second](Session& s) { return list_data(s, *arguments); });
  add_prefix(list);
  list.first.option("--limit", list.second->limit, "at most so many entries")
      .type_name("N")
      .check(at_least_one);
}

void add_delete_data(Command wasm, Session& session) {
  const Added removed = add_named(wasm, session, "delete-data",
                                  "Delete the shared data of a filter, all at once", delete_data);
  add_prefix(removed);
  removed.first.option("--key", removed.second->key, "exactly this key")
      .type_name("KEY")
      .check(not_empty)
      .excludes("--prefix");
}

}  // namespace

void add_wasm_data(Command wasm, Session& session) {
  add_list_data(wasm, session);
  add_prefix(add_named(wasm, session, "count-data", "Count the keys of a filter", count_data));
  add_apply_data(wasm, session);
  add_delete_data(wasm, session);
  const Added out =
      add_named(wasm, session, "export-data",
                "Save the shared data of a filter to a file with a checksum", export_data);
  add_prefix(out);
  add_file(out, "file to write, - for standard output");
  add_file(add_named(wasm, session, "import-data", "Write shared data from a file of export-data",
                     import_data),
           "file to read, - for standard input");
}

}  // namespace sluice::egctl
