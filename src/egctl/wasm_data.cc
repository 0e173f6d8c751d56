// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <memory>

#include "egctl/commands.h"
#include "egctl/files.h"

namespace sluice::egctl {
namespace {

constexpr std::size_t kProgressBytesMin = 1 << 20;  // smaller inputs are sent before anyone looks

struct Arguments {
  std::string pipeline;
  std::string filter;
  std::string file;
  bool reload_code = false;

  [[nodiscard]] std::string path() const {
    return "/wasm/data/" + percent_encode(pipeline) + "/" + percent_encode(filter);
  }
  [[nodiscard]] std::string label() const { return pipeline + "/" + filter; }
};

using Command = Result<void> (*)(Session&, const Arguments&);

Result<void> list_data(Session& session, const Arguments& arguments) {
  SLUICE_TRY(const Client client, session.client());
  const std::string_view accept = session.format() == Output::json ? kJson : kYaml;
  const Call call{.path = arguments.path(), .accept = accept};
  if (auto listed = client.stream(call, session.out); !listed) {
    return failed("list data of " + arguments.label(), std::move(listed).error());
  }
  return {};
}

Progress progress_on(std::ostream& err) {
  const bool terminal = ::isatty(STDERR_FILENO) != 0;
  return [&err, terminal, last = std::size_t{101}](std::size_t sent, std::size_t total) mutable {
    if (!terminal || total < kProgressBytesMin) return;
    const std::size_t percent = sent * 100 / total;
    if (percent == std::exchange(last, percent)) return;
    err << "\rsending " << percent << " %" << (sent == total ? "\n" : "") << std::flush;
  };
}

Result<void> send_data(Session& session, const Arguments& arguments) {
  SLUICE_TRY(std::string text, read_input(arguments.file));
  SLUICE_TRY(const Client client, session.client());
  const Call call{.method = "PUT", .path = arguments.path(), .body = std::move(text)};
  if (auto applied = client.upload(call, progress_on(session.err)); !applied) {
    return refused("apply data of " + arguments.label(), std::move(applied).error());
  }
  return {};
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
    return failed("delete data of " + arguments.label(), std::move(deleted).error());
  }
  return {};
}

void add_names(CLI::App& command, Arguments& arguments) {
  command.add_option("PIPELINE", arguments.pipeline, "name of the pipeline");
  command.add_option("FILTER", arguments.filter, "name of the filter");
}

// A command that takes the two names, and nothing else.
void add_named(CLI::App& wasm, Session& session, const std::string& name, const std::string& text,
               Command run) {
  CLI::App* command = wasm.add_subcommand(name, text);
  const auto arguments = std::make_shared<Arguments>();
  add_names(*command, *arguments);
  set_action(*command, session, [arguments, run](Session& s) -> Result<void> {
    if (!arguments->filter.empty()) return run(s, *arguments);
    return fail(ErrorKind::invalid, "requires pipeline and filter name");
  });
}

void add_apply_data(CLI::App& wasm, Session& session) {
  CLI::App* command =
      wasm.add_subcommand("apply-data", "Write shared data from a file or standard input");
  const auto arguments = std::make_shared<Arguments>();
  add_names(*command, *arguments);
  command->add_option("-f,--file", arguments->file, "file to read, - for standard input")
      ->type_name("FILE");
  command->add_flag("--reload-code", arguments->reload_code,
                    "then reload all code; without names, only that");
  command->footer(
      "Keys that are not in the file stay. Example:\n"
      "  echo 'id/user4: \"true\"' | egctl wasm apply-data flash-sale-pipeline wasm");
  set_action(*command, session, [arguments](Session& s) { return apply_data(s, *arguments); });
}

}  // namespace

void add_wasm_data(CLI::App& wasm, Session& session) {
  add_named(wasm, session, "list-data", "Print the shared data of a filter", list_data);
  add_apply_data(wasm, session);
  add_named(wasm, session, "delete-data", "Delete all shared data of a filter", delete_data);
}

}  // namespace sluice::egctl
