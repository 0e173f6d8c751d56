// SPDX-License-Identifier: Apache-2.0
#include "egctl/backup_restore.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "egctl/backup_contents.h"
#include "egctl/confirm.h"
#include "egctl/files.h"
#include "egctl/json_text.h"

namespace sluice::egctl {
namespace {

// One line for each object and for the data of each filter that the gateway has.
Result<std::vector<std::string>> contents_of_gateway(const ApiClient& client) {
  std::vector<std::string> lines;
  SLUICE_TRY(const Json objects, client.json({.path = "/objects"}));
  for (const Json& each : objects)
    lines.push_back(text_at(each, "kind") + " " + text_at(each, "name"));
  SLUICE_TRY(const Json data, client.json({.path = "/wasm/data"}));
  for (const Json& each : data) {
    const auto keys = each.value("keys", std::uint64_t{0});
    if (keys == 0) continue;
    lines.push_back("data of " + text_at(each, "pipeline") + "/" + text_at(each, "filter") +
                    " (keys: " + std::to_string(keys) + ")");
  }
  return lines;
}

// Error: the gateway has something, and may not lose it.
Result<void> make_room(Invocation& invocation, const ApiClient& client, bool force) {
  SLUICE_TRY(std::vector<std::string> lines, contents_of_gateway(client));
  if (lines.empty()) return {};
  if (!force) {
    return fail(ErrorKind::conflict,
                "the gateway is not empty; --force deletes all of this first, and closes its ports "
                "meanwhile; nothing was changed",
                std::move(lines));
  }
  for (const std::string& line : lines) invocation.err << "Replaces: " << line << "\n";
  invocation.err << std::flush;
  return confirm(invocation, "", "Delete all of this first?", "nothing was changed");
}

// The call has ended without a response: the server may have done all, nothing, or a part.
void explain_break(Error& error) {
  if (error.kind != ErrorKind::unavailable || !error.message.contains("broke off")) return;
  error.details.emplace_back("if it had received the whole backup, a part may be restored");
  error.details.emplace_back(
      "see: egctl get all; egctl wasm list-data; then restore again, with --force");
}

Result<std::string> send_backup(Invocation& invocation, const ApiClient& client,
                                const std::string& path, std::uint64_t bytes, bool force) {
  SLUICE_TRY(InputFile input, InputFile::open(path));
  BytesProgress progress(invocation, "sent", bytes);
  const auto give = [&]() -> Result<std::string> {
    Result<std::string> piece = input.read();
    if (piece) progress.moved(piece->size());
    if (piece && piece->empty()) progress.now("restoring");
    return piece;
  };
  auto answer = client.upload({.method = "PUT",
                               .path = force ? "/backup?force=true" : "/backup",
                               .content_type = kJsonLines},
                              give);
  progress.end();
  if (!answer) explain_break(answer.error());
  return answer;
}

void print_restored(Invocation& invocation, const Json& answer, const BackupContents& contents) {
  std::string text;
  for (const Json& line : answer.value("done", Json::array()))
    if (line.is_string()) text += line.get<std::string>() + "\n";
  text += "restored: " + contents.summary() + "\n";
  invocation.print_or(answer, text);
  for (const Json& one : answer.value("objects", Json::array())) {
    const std::string warning = text_at(one, "warning");
    if (warning.empty()) continue;
    invocation.err << "Warning: " << text_at(one, "kind") << " " << text_at(one, "name") << ": "
                   << warning << "\n";
  }
}

}  // namespace

Result<void> restore_backup(Invocation& invocation, const std::string& path, bool force,
                            const Waiting& waiting) {
  const std::string what = "restore " + path;
  if (path == "-")
    return invocation.misuse("restore reads the file twice; name a file with -f FILE");
  SLUICE_TRY(const BackupContents contents, check_backup(invocation, path));
  SLUICE_TRY(const ApiClient client, invocation.client());
  if (auto room = make_room(invocation, client, force); !room)
    return failed(what, std::move(room).error());
  auto sent = send_backup(invocation, client, path, contents.bytes, force);
  if (!sent) return failed(what, std::move(sent).error());
  const Json answer = Json::parse(*sent, nullptr, false);
  if (!answer.is_object()) return fail(ErrorKind::internal, "the answer of the server is no JSON");
  print_restored(invocation, answer, contents);
  return await_members(client, answer.value("objects", Json::array()), waiting, invocation.err);
}

}  // namespace sluice::egctl
