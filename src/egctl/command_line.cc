// SPDX-License-Identifier: Apache-2.0
#include "egctl/command_line.h"

#include <poll.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Error.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>

#include "base/text.h"
#include "egctl/apis.h"
#include "egctl/apply.h"
#include "egctl/arguments.h"
#include "egctl/backup.h"
#include "egctl/completion.h"
#include "egctl/config.h"
#include "egctl/convert.h"
#include "egctl/create.h"
#include "egctl/custom_data.h"
#include "egctl/delete.h"
#include "egctl/describe.h"
#include "egctl/diff.h"
#include "egctl/edit.h"
#include "egctl/exit_code.h"
#include "egctl/explain.h"
#include "egctl/get.h"
#include "egctl/health.h"
#include "egctl/logs.h"
#include "egctl/member.h"
#include "egctl/metrics.h"
#include "egctl/object.h"
#include "egctl/profile.h"
#include "egctl/schema.h"
#include "egctl/store.h"
#include "egctl/top.h"
#include "egctl/validate.h"
#include "egctl/version.h"
#include "egctl/versions.h"
#include "egctl/wasm.h"

namespace sluice::egctl {
namespace {

constexpr const char* kAbout =
    "egctl controls a Sluice traffic gateway.\n\n"
    "  egctl create -f pipeline.yaml         create the objects of a file\n"
    "  egctl get all                         list what there is\n"
    "  egctl wasm reload-code                read guest code again\n"
    "  egctl backup create                   save the whole gateway to a file";

std::string fault_of_server(const std::string& text) {
  const auto endpoint = parse_endpoint(text);
  return endpoint ? "" : endpoint.error().message;
}

void add_global_options(CLI::App& root, Invocation& invocation) {
  AccessFlags& access = invocation.access;
  root.add_option("--server", access.server,
                  "server to talk to, default localhost:2381; https://HOST:PORT for TLS")
      ->type_name("HOST:PORT")
      ->take_last()
      ->check(fault_of_server);
  root.add_flag("--force-tls", access.force_tls, "speak TLS, whatever the server's name says");
  root.add_flag("--insecure-skip-verify", access.insecure_skip_verify,
                "believe any certificate of the server");
  root.add_option("--ca-file", access.ca_file, "trust these authorities only (PEM)")
      ->type_name("FILE");
  root.add_option("--cert-file", access.cert_file, "client certificate (PEM)")->type_name("FILE");
  root.add_option("--key-file", access.key_file, "its key (PEM)")->type_name("FILE");
  root.add_option("-o,--output", invocation.output,
                  "default, wide (more columns), yaml, json, name or jsonpath=TEMPLATE")
      ->type_name("FORMAT")
      ->take_last()
      ->check(fault_of_output);
  root.add_flag("--no-headers", invocation.no_headers, "tables without their first line");
}

void add_commands(Command root, Invocation& invocation) {
  add_create(root, invocation);
  add_apply(root, invocation);
  add_validate(root, invocation);
  add_diff(root, invocation);
  add_get(root, invocation);
  add_describe(root, invocation);
  add_edit(root, invocation);
  add_delete(root, invocation);
  add_history(root, invocation);
  add_undo(root, invocation);
  add_wasm(root, invocation);
  add_store(root, invocation);
  add_purge(root, invocation);
  add_backup(root, invocation);
  add_top(root, invocation);
  add_logs(root, invocation);
  add_health(root, invocation);
  add_explain(root, invocation);
  add_schema(root, invocation);
  add_metrics(root, invocation);
  add_profile(root, invocation);
  add_apis(root, invocation);
  add_api_resources(root, invocation);
  add_config(root, invocation);
  add_convert(root, invocation);
  add_completion(root, invocation);
  add_version(root, invocation);
  add_object(root, invocation);
  add_custom_data_kind(root, invocation);
  add_custom_data(root, invocation);
  add_member(root, invocation);
}

constexpr std::string_view kGlobal =
    "Everywhere: --server HOST:PORT, -o default|wide|yaml|json|name|jsonpath=TEMPLATE";

// Adds a note that CLI11 lacks: the options of the root apply to all commands.
void finish_help(CLI::App& app) {
  for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; })) {
    if (command->get_group() == "Subcommands") command->group("Commands");
    const std::string footer = command->get_footer();
    command->footer(footer + (footer.empty() ? "" : "\n") + std::string(kGlobal));
    finish_help(*command);
  }
}

// The command whose parsing failed: the last one on the path.
std::string path_of(const CLI::App& root) {
  std::string path = root.get_name();
  const CLI::App* at = &root;
  while (!at->get_subcommands().empty()) {
    at = at->get_subcommands().front();
    path += " " + at->get_name();
  }
  return path;
}

// CLI11 lists options apart from words.
std::vector<std::string> in_order_typed(std::vector<std::string> words,
                                        const std::vector<std::string>& arguments) {
  std::ranges::stable_sort(words, {}, [&arguments](const std::string& word) {
    return std::ranges::find(arguments, word) - arguments.begin();
  });
  return words;
}

std::unexpected<Error> too_many_words(const CLI::App& root,
                                      const std::vector<std::string>& arguments) {
  std::string words;
  for (const std::string& word : in_order_typed(root.remaining(true), arguments))
    words += " " + word;
  const std::string path = path_of(root);
  std::string message = path + " does not take:" + words;
  const bool creates = path == "egctl create" || path == "egctl apply";
  if (creates) message += "; describe the object in a file: " + path + " -f FILE";
  return fail(ErrorKind::invalid, std::move(message), {"see: " + path + " --help"});
}

// Sets invocation.action. It stays empty if help was requested and printed.
Result<void> parse_arguments(CLI::App& root, const std::vector<std::string>& arguments,
                             std::ostream& out) {
  SLUICE_TRY(std::vector<std::string> expanded, expand(root, arguments));
  std::ranges::reverse(expanded);  // CLI11 takes a vector in reverse order
  try {
    root.parse(std::move(expanded));
    return {};
  } catch (const CLI::CallForHelp&) {
    out << root.help();
    return {};
  } catch (const CLI::ExtrasError&) {
    return too_many_words(root, arguments);
  } catch (const CLI::ParseError& error) {
    return fail(ErrorKind::invalid, std::string(first_line(error.what())),
                {"see: " + path_of(root) + " --help"});
  }
}

bool reader_is_gone() {
  pollfd output{STDOUT_FILENO, POLLOUT, 0};
  return ::poll(&output, 1, 0) == 1 && (output.revents & POLLERR) != 0;
}

}  // namespace

std::unique_ptr<CLI::App> make_command_line(Invocation& invocation) {
  auto root = std::make_unique<CLI::App>(kAbout, "egctl");
  root->fallthrough();  // -o and --server may follow the command
  root->require_subcommand(1);
  root->get_formatter()->column_width(32);
  root->get_formatter()->label("SUBCOMMAND", "COMMAND");
  root->get_formatter()->label("TEXT", "");
  root->footer("egctl help COMMAND says more. Commands may be abbreviated: egctl desc hs");
  add_global_options(*root, invocation);
  add_commands(Command(root.get()), invocation);
  finish_help(*root);
  return root;
}

int run(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err,
        bool colour) {
  Invocation invocation{out, err};
  const std::unique_ptr<CLI::App> root = make_command_line(invocation);
  Result<void> done = parse_arguments(*root, arguments, out);
  const bool parsed = done.has_value();
  if (done && invocation.action) done = invocation.action();
  out.flush();
  if (done && !out && reader_is_gone()) return 0;  // `egctl ... | head`: the reader has left
  if (done && !out) done = fail(ErrorKind::internal, "cannot write the output");
  if (done) return static_cast<int>(invocation.differs ? ExitCode::refused : ExitCode::done);
  const ExitCode code = parsed ? exit_code_of(done.error(), invocation) : ExitCode::wrong_use;
  if (code != ExitCode::done) print_error(err, done.error(), colour);
  return static_cast<int>(code);
}

}  // namespace sluice::egctl
