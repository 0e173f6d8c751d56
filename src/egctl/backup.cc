// SPDX-License-Identifier: Apache-2.0
#include "egctl/backup.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <system_error>

#include "egctl/backup_contents.h"
#include "egctl/backup_restore.h"
#include "egctl/confirm.h"
#include "egctl/files.h"

namespace sluice::egctl {
namespace {

constexpr unsigned kOwnerOnly = 0600;  // a backup holds secrets
constexpr const char* kPartial = ".partial";

struct BackupArguments {
  std::string file;
  bool force = false;
  Waiting waiting{};  // of restore
};

// "sluice-2026-01-02T03-04-05Z.backup"
std::string default_name() {
  std::string time = format_rfc3339_ms(std::chrono::system_clock::now()).substr(0, 19);
  std::ranges::replace(time, ':', '-');
  return "sluice-" + time + "Z.backup";
}

// Writes the backup to `write`, and checks it meanwhile.
Result<BackupContents> receive(Invocation& invocation, const ApiClient& client, const Take& write) {
  BackupContents contents;
  backup::Reader reader(contents);
  BytesProgress progress(invocation, "saved");
  auto received = client.stream({.path = "/backup", .accept = kJsonLines},
                                [&](std::string_view piece) -> Result<void> {
                                  SLUICE_CHECK(write(piece));
                                  contents.bytes += piece.size();
                                  progress.moved(piece.size());
                                  return reader.feed(piece);
                                });
  if (received) received = reader.finish();
  progress.end();
  if (!received) return std::unexpected(std::move(received).error());
  return contents;
}

Result<BackupContents> receive_file(Invocation& invocation, const ApiClient& client,
                                    const std::string& path) {
  SLUICE_TRY(OutputFile file, OutputFile::create(path, {.mode = kOwnerOnly, .suffix = kPartial}));
  SLUICE_TRY(BackupContents contents, receive(invocation, client, [&](std::string_view piece) {
               return file.write(piece);
             }));
  SLUICE_CHECK(file.commit());
  return contents;
}

void report_backup(Invocation& invocation, const BackupContents& contents,
                   const std::string& path) {
  for (const std::string& label : contents.failed())
    invocation.err << "Warning: " << label << " does not run; it is saved as it is\n";
  if (path == "-") return;
  Json answer = contents.json();
  answer["file"] = path;
  invocation.print_or(answer,
                      path + ": " + contents.summary() + ", " + size_text(contents.bytes) + "\n");
}

Result<void> create_backup(Invocation& invocation, const BackupArguments& arguments) {
  const std::string path = arguments.file.empty() ? default_name() : arguments.file;
  std::error_code ignored;
  if (path != "-" && !arguments.force && std::filesystem::is_regular_file(path, ignored))
    return fail(ErrorKind::conflict, path + " exists; --force replaces it");
  SLUICE_TRY(const ApiClient client, invocation.client());
  auto contents = path == "-" ? receive(invocation, client, write_to(invocation.out))
                              : receive_file(invocation, client, path);
  if (!contents) {
    Error error = std::move(contents).error();
    if (error.kind == ErrorKind::closed) return std::unexpected(std::move(error));
    if (path != "-") error.message += "; " + path + " was not written";
    return failed("backup", std::move(error));
  }
  report_backup(invocation, *contents, path);
  return {};
}

Result<void> check_file(Invocation& invocation, const BackupArguments& arguments) {
  SLUICE_TRY(const BackupContents contents, check_backup(invocation, arguments.file));
  Json answer = contents.json();
  answer["file"] = arguments.file;
  invocation.print_or(answer, contents.text());
  return {};
}

using BackupAction = Result<void> (*)(Invocation&, const BackupArguments&);

std::shared_ptr<BackupArguments> act(Command command, Invocation& invocation, BackupAction run) {
  auto arguments = std::make_shared<BackupArguments>();
  set_action(command, invocation, [arguments, run](Invocation& s) { return run(s, *arguments); });
  return arguments;
}

void add_create_backup(Command backup, Invocation& invocation) {
  const Command command = backup.add("create", "Save the whole gateway to a file, while it runs");
  const auto arguments = act(command, invocation, create_backup);
  command
      .option("-f,--file", arguments->file,
              "file to write, - for standard output; default: sluice-TIME.backup")
      .type_name("FILE");
  command.flag("--force", arguments->force, "replace the file if it exists");
  command.footer(
      "The file has all objects with their secrets, the code that runs, and all shared data.\n"
      "Until it is whole, its name is FILE.partial. Example:\n"
      "  egctl backup create -f shop.backup");
}

void add_restore_backup(Command backup, Invocation& invocation) {
  const Command command = backup.add("restore", "Restore a gateway from a file of backup create");
  const auto arguments =
      act(command, invocation, [](Invocation& s, const BackupArguments& given) -> Result<void> {
        return restore_backup(s, given.file, given.force, given.waiting);
      });
  command.option("-f,--file", arguments->file, "file to read").type_name("FILE").required();
  command.flag("--force", arguments->force, "delete what the gateway has first");
  add_yes_option(command, invocation);
  add_wait_options(command, arguments->waiting, "runs the objects");
  command.footer(
      "The file is checked before anything changes. Example:\n"
      "  egctl backup restore -f shop.backup");
}

void add_check_backup(Command backup, Invocation& invocation) {
  const Command command =
      backup.add("check", "Check a file of backup create, and list what it has");
  const auto arguments = act(command, invocation, check_file);
  command.option("-f,--file", arguments->file, "file to read, - for standard input")
      .type_name("FILE")
      .required();
}

}  // namespace

void add_backup(Command root, Invocation& invocation) {
  const Command backup = root.add("backup", "Back up the whole gateway, and restore it");
  backup.require_command();
  add_create_backup(backup, invocation);
  add_restore_backup(backup, invocation);
  add_check_backup(backup, invocation);
}

}  // namespace sluice::egctl
