// SPDX-License-Identifier: Apache-2.0
#include "egctl/profile.h"

#include <fcntl.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <system_error>

#include "base/descriptor.h"
#include "base/file.h"
#include "egctl/json_text.h"

namespace sluice::egctl {
namespace {

constexpr const char* kKinds[] = {"cpu", "memory"};

std::string path_of(const Json& info, const std::string& kind) {
  return text_at(info, kind + "Path");
}

// A restart of the server ends a profile of the CPU, and keeps the samples taken until then.
bool has_ended(const Json& info, const std::string& kind) {
  return info.value(kind + "Ended", false);
}

Result<void> print_info(Invocation& invocation) {
  SLUICE_TRY(const ApiClient client, invocation.client());
  const auto info = client.json({.path = "/profile"});
  if (!info) return failed("profile info", info.error());
  std::string text;
  for (const std::string kind : kKinds) {
    const std::string path = path_of(*info, kind);
    if (path.empty()) continue;
    const bool ended = has_ended(*info, kind);
    text += kind +
            (ended ? " profile has ended with a restart, for " : " profile is being taken, for ") +
            path + "\n";
  }
  invocation.print_or(*info, text.empty() ? "no profile is being taken\n" : text);
  return {};
}

std::unexpected<Error> cannot_create(const std::string& path) {
  return fail(ErrorKind::invalid,
              "cannot create " + path + ": " + std::system_category().message(errno));
}

// Never replaces a file: another user of the server may have named it.
Result<Descriptor> create_file(const std::string& path) {
  constexpr mode_t kForTheOwner = 0600;
  Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kForTheOwner));
  if (!file.is_open()) return cannot_create(path);
  return file;
}

// The file is on this machine, so a wrong path is told before the profile is taken.
Result<void> start(Invocation& invocation, const std::string& kind, const std::string& path) {
  std::error_code ignored;
  const std::string whole = std::filesystem::absolute(path, ignored).lexically_normal().string();
  const std::string folder = std::filesystem::path(whole).parent_path().string();
  if (std::filesystem::exists(whole, ignored))
    return fail(ErrorKind::invalid, "cannot create " + whole + ": it is there already");
  if (!std::filesystem::is_directory(folder, ignored))
    return fail(ErrorKind::invalid, "cannot create " + whole + ": no folder " + folder);
  SLUICE_TRY(const ApiClient client, invocation.client());
  const auto started = client.text({.method = "POST",
                                    .path = "/profile/start/" + kind,
                                    .body = Json{{"path", whole}}.dump(),
                                    .content_type = kJson});
  if (!started) return failed("start " + kind + " profile", started.error());
  invocation.out << "start " << kind << " profile successfully; egctl profile stop writes " << whole
                 << "\n";
  return {};
}

Result<void> stop_one(Invocation& invocation, const ApiClient& client, const std::string& kind,
                      const std::string& path) {
  SLUICE_TRY(const Descriptor file, create_file(path));
  auto profile = client.text({.method = "POST", .path = "/profile/stop?kind=" + kind});
  if (!profile) {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
    return failed("stop " + kind + " profile", std::move(profile).error());
  }
  if (!write_all(file.get(), *profile)) return cannot_create(path);
  invocation.out << "stop " << kind << " profile successfully, written to " << path << "\n";
  return {};
}

Result<void> stop(Invocation& invocation, const std::string& given) {
  SLUICE_TRY(const ApiClient client, invocation.client());
  const auto info = client.json({.path = "/profile"});
  if (!info) return failed("stop profile", info.error());
  std::vector<std::string> running;
  for (const std::string kind : kKinds) {
    if (!path_of(*info, kind).empty()) running.push_back(kind);
  }
  if (running.empty()) return fail(ErrorKind::conflict, "no profile is being taken");
  if (!given.empty() && running.size() > 1)
    return invocation.misuse("two profiles are being taken: leave out PATH");
  for (const std::string& kind : running) {
    SLUICE_CHECK(stop_one(invocation, client, kind, given.empty() ? path_of(*info, kind) : given));
    if (has_ended(*info, kind))
      invocation.err << "Warning: the " << kind << " profile ended with a restart of the server\n";
  }
  return {};
}

}  // namespace

void add_profile(Command root, Invocation& invocation) {
  const Command profile = root.add("profile", "Profiles of the server, which has --profiling");
  profile.require_command();
  profile.footer("Read a CPU profile with github.com/google/pprof: pprof -top sluice-server FILE");
  set_action(profile.add("info", "Print which profiles are being taken"), invocation, print_info);
  const Command begin = profile.add("start", "Begin a profile");
  begin.require_command();
  for (const std::string kind : kKinds) {
    const Command command =
        begin.add(kind, kind == "cpu" ? "Where threads spend CPU time, for at most 10 minutes"
                                      : "What the allocator holds when the profile is stopped");
    const auto path = std::make_shared<std::string>();
    command.option("PATH", *path, "the file that stop creates, on this machine").required();
    set_action(command, invocation, [kind, path](Invocation& s) { return start(s, kind, *path); });
  }
  const Command end = profile.add("stop", "End the profiles, and write their files");
  const auto path = std::make_shared<std::string>();
  end.option("PATH", *path, "instead of the path that start has named");
  set_action(end, invocation, [path](Invocation& s) { return stop(s, *path); });
}

}  // namespace sluice::egctl
