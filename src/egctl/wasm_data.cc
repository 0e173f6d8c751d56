// SPDX-License-Identifier: Apache-2.0
#include "egctl/wasm_data.h"

#include <unistd.h>

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>

#include "egctl/confirm.h"
#include "egctl/files.h"
#include "egctl/json_text.h"
#include "egctl/table.h"
#include "egctl/upload_progress.h"
#include "egctl/wasm_reload.h"
#include "egctl/wasm_unused.h"

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
  bool all = false;

  [[nodiscard]] std::string label() const { return pipeline + "/" + filter; }
  [[nodiscard]] std::string keys() const {
    if (!key.empty()) return "key " + key + " of " + label();
    return (prefix.empty() ? "all keys" : "the keys " + prefix + "*") + " of " + label();
  }
  [[nodiscard]] std::string path(const std::string& below = "") const {
    std::string path = "/wasm/data/" + percent_encode(pipeline) + "/" + percent_encode(filter);
    path += below;
    if (!prefix.empty()) path += "?prefix=" + percent_encode(prefix);
    if (!key.empty()) path += "?key=" + percent_encode(key);
    if (limit > 0) path += (prefix.empty() ? "?limit=" : "&limit=") + std::to_string(limit);
    return path;
  }
};

using DataAction = Result<void> (*)(Invocation&, const Arguments&);

// The error of the step `what`. A closed output is not reported as a failure.
std::unexpected<Error> failed_at(const std::string& what, const Arguments& arguments, Error error) {
  if (error.kind == ErrorKind::closed) return std::unexpected(std::move(error));
  return failed(what + " of " + arguments.label(), std::move(error));
}

// Without names: lists the filters that have data, also those of deleted pipelines.
Result<void> list_namespaces(Invocation& invocation) {
  SLUICE_TRY(const ApiClient client, invocation.client());
  const auto answer = client.json({.path = "/wasm/data"});
  if (!answer) return failed("list data", answer.error());
  if (invocation.format() != Output::standard) {
    invocation.print(*answer);
    return {};
  }
  std::vector<Row> rows{{"PIPELINE", "FILTER", "KEYS", "USED"}};
  for (const Json& one : *answer) {
    rows.push_back({text_at(one, "pipeline"), text_at(one, "filter"),
                    std::to_string(one.value("keys", std::uint64_t{0})),
                    one.value("used", false) ? "yes" : "no"});
  }
  invocation.out << invocation.table(rows);
  return {};
}

Result<void> list_data(Invocation& invocation, const Arguments& arguments) {
  if (arguments.all && !arguments.pipeline.empty())
    return invocation.misuse("--all lists the filters: leave out the pipeline");
  if (arguments.pipeline.empty()) {
    if (arguments.prefix.empty() && arguments.limit == 0) return list_namespaces(invocation);
    return invocation.misuse("--prefix and --limit want a pipeline and a filter name");
  }
  if (arguments.filter.empty()) {
    return invocation.misuse("requires pipeline and filter name, or neither of them");
  }
  SLUICE_TRY(const ApiClient client, invocation.client());
  const Output format = invocation.format();
  if (format == Output::jsonpath || format == Output::name) {
    const auto listed = client.json({.path = arguments.path()});
    if (!listed) return failed_at("list data", arguments, listed.error());
    invocation.print(*listed);
    return {};
  }
  const std::string_view accept = format == Output::json ? kJson : kYaml;
  const ApiCall call{.path = arguments.path(), .accept = accept};
  if (auto listed = client.stream(call, write_to(invocation.out)); !listed) {
    return failed_at("list data", arguments, std::move(listed).error());
  }
  return {};
}

Result<void> count_data(Invocation& invocation, const Arguments& arguments) {
  SLUICE_TRY(const ApiClient client, invocation.client());
  const auto answer = client.json({.path = arguments.path("/count")});
  if (!answer) return failed_at("count data", arguments, answer.error());
  if (invocation.format() == Output::standard) {
    invocation.out << answer->value("count", std::uint64_t{0}) << "\n";
  } else {
    invocation.print(*answer);
  }
  return {};
}

std::uint64_t entries_of(const std::string& answer) {
  const Json value = Json::parse(answer, nullptr, false);
  return value.is_object() ? value.value("entries", std::uint64_t{0}) : 0;
}

// A script that asks for -o json or yaml gets the answer of the API.
void print_answer(Invocation& invocation, const std::string& answer) {
  if (invocation.format() == Output::standard) return;
  const Json value = Json::parse(answer, nullptr, false);
  if (!value.is_discarded()) invocation.print(value);
}

// Sends the file while reading it. The server commits all of it or nothing.
Result<void> upload(Invocation& invocation, const std::string& file, const ApiCall& call) {
  SLUICE_TRY(InputFile input, InputFile::open(file));
  SLUICE_TRY(const ApiClient client, invocation.client());
  UploadProgress progress(invocation.err, ::isatty(STDERR_FILENO) != 0);
  const auto give = [&]() -> Result<std::string> {
    Result<std::string> piece = input.read();
    if (piece && piece->empty()) progress.committing();
    if (piece) progress.sent(*piece);
    return piece;
  };
  const auto answer = client.upload(call, give);
  if (answer) {
    progress.committed(entries_of(*answer));
    print_answer(invocation, *answer);
    return {};
  }
  progress.broken();
  Error error = answer.error();
  if (error.kind != ErrorKind::unavailable) error.message += "; nothing was changed";
  return std::unexpected(std::move(error));
}

Result<void> send_data(Invocation& invocation, const Arguments& arguments) {
  auto sent = upload(invocation, arguments.file, {.method = "PUT", .path = arguments.path()});
  return sent ? sent : failed_at("apply data", arguments, std::move(sent).error());
}

Result<void> apply_data(Invocation& invocation, const Arguments& arguments) {
  const bool named = !arguments.pipeline.empty() && !arguments.filter.empty();
  const bool only_reload =
      arguments.reload_code && arguments.pipeline.empty() && arguments.file.empty();
  if (!named && !only_reload) return invocation.misuse("requires pipeline and filter name");
  if (named) SLUICE_CHECK(send_data(invocation, arguments));
  return arguments.reload_code ? reload_code(invocation) : Result<void>();
}

Result<void> delete_data(Invocation& invocation, const Arguments& arguments) {
  SLUICE_TRY(const ApiClient client, invocation.client());
  SLUICE_CHECK(confirm(invocation, "", "Delete " + arguments.keys() + "?"));
  auto deleted = client.text({.method = "DELETE", .path = arguments.path()});
  if (!deleted) return failed_at("delete data", arguments, std::move(deleted).error());
  print_answer(invocation, *deleted);
  if (::isatty(STDERR_FILENO) != 0) invocation.err << "deleted " << arguments.keys() << "\n";
  return {};
}

Result<void> delete_some_data(Invocation& invocation, const Arguments& arguments) {
  if (arguments.all) {
    if (arguments.pipeline.empty() && arguments.prefix.empty() && arguments.key.empty())
      return delete_unused_data(invocation, invocation.yes);
    return invocation.misuse("--all-unused takes no names, no --prefix and no --key");
  }
  if (arguments.filter.empty()) return invocation.misuse("requires pipeline and filter name");
  return delete_data(invocation, arguments);
}

Result<void> export_to_file(const ApiClient& client, const ApiCall& call, const std::string& path) {
  SLUICE_TRY(OutputFile file, OutputFile::create(path));
  SLUICE_CHECK(client.stream(call, [&](std::string_view piece) { return file.write(piece); }));
  return file.commit();
}

Result<void> export_data(Invocation& invocation, const Arguments& arguments) {
  SLUICE_TRY(const ApiClient client, invocation.client());
  const ApiCall call{.path = arguments.path("/export"), .accept = kJsonLines};
  auto done = arguments.file == "-" ? client.stream(call, write_to(invocation.out))
                                    : export_to_file(client, call, arguments.file);
  return done ? done : failed_at("export data", arguments, std::move(done).error());
}

Result<void> import_data(Invocation& invocation, const Arguments& arguments) {
  const ApiCall call{
      .method = "PUT", .path = arguments.path("/import"), .content_type = kJsonLines};
  auto done = upload(invocation, arguments.file, call);
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
Added add_named(Command wasm, Invocation& invocation, const std::string& name,
                const std::string& text, DataAction run) {
  Added added = add_command(wasm, name, text);
  set_action(added.first, invocation,
             [arguments = added.second, run](Invocation& s) -> Result<void> {
               if (!arguments->filter.empty()) return run(s, *arguments);
               return s.misuse("requires pipeline and filter name");
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

void add_apply_data(Command wasm, Invocation& invocation) {
  const auto [command, arguments] =
      add_command(wasm, "apply-data", "Write shared data from a file or standard input");
  command.option("-f,--file", arguments->file, "file to read, - for standard input")
      .type_name("FILE");
  command.flag("--reload-code", arguments->reload_code,
               "then reload all code; without names, only that");
  command.footer(
      "Keys that are not in the file stay. All of it is written, or nothing. Example:\n"
      "  echo 'id/user4: \"true\"' | egctl wasm apply-data flash-sale-pipeline wasm");
  set_action(command, invocation,
             [arguments = arguments](Invocation& s) { return apply_data(s, *arguments); });
}

void add_list_data(Command wasm, Invocation& invocation) {
  const Added list = add_command(wasm, "list-data",
                                 "Print the shared data of a filter, sorted by key; without names, "
                                 "list the filters that have data");
  set_action(list.first, invocation,
             [arguments = list.second](Invocation& s) { return list_data(s, *arguments); });
  add_prefix(list);
  list.first.flag(
      "--all", list.second->all,
      "list the filters that have data, those that are gone included; as without names");
  list.first.option("--limit", list.second->limit, "at most so many entries")
      .type_name("N")
      .check(at_least_one);
}

void add_delete_data(Command wasm, Invocation& invocation) {
  const Added removed =
      add_command(wasm, "delete-data", "Delete the shared data of a filter, all at once");
  set_action(removed.first, invocation, [arguments = removed.second](Invocation& s) {
    return delete_some_data(s, *arguments);
  });
  add_prefix(removed);
  removed.first.option("--key", removed.second->key, "exactly this key")
      .type_name("KEY")
      .check(not_empty)
      .excludes("--prefix");
  removed.first.flag("--all-unused", removed.second->all,
                     "delete the data of all filters that are gone");
  add_yes_option(removed.first, invocation);
}

}  // namespace

void add_wasm_data(Command wasm, Invocation& invocation) {
  add_list_data(wasm, invocation);
  add_prefix(add_named(wasm, invocation, "count-data", "Count the keys of a filter", count_data));
  add_apply_data(wasm, invocation);
  add_delete_data(wasm, invocation);
  const Added out =
      add_named(wasm, invocation, "export-data",
                "Save the shared data of a filter to a file with a checksum", export_data);
  add_prefix(out);
  add_file(out, "file to write, - for standard output");
  add_file(add_named(wasm, invocation, "import-data",
                     "Write shared data from a file of export-data", import_data),
           "file to read, - for standard input");
}

}  // namespace sluice::egctl
