// SPDX-License-Identifier: Apache-2.0
#include "admin/profile.h"

#include <malloc.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "admin/kept_profiles.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mutex.h"
#include "config/value.h"
#include "observe/cpu_sampler.h"

namespace sluice::admin {
namespace {

constexpr std::string_view kBytesType = "application/octet-stream";
constexpr std::size_t kPathBytesMax = 4096;
constexpr std::size_t kRollupBytesMax = 64 << 10;

// The profiles that are being taken. A path is that of a file of the caller, which the server only
// remembers: the caller that stops the profile may be another run of egctl. A restart ends a
// profile of the CPU. The next process gives what was collected.
class Profiles {
 public:
  // `kept_file`: where a process leaves what it has to the next one; "": nowhere.
  Profiles(std::string kept_file, Logger logger)
      : kept_file_(std::move(kept_file)), logger_(std::move(logger)) {}
  Profiles(const Profiles&) = delete;
  Profiles& operator=(const Profiles&) = delete;
  ~Profiles() {
    const ExclusiveLock lock(mutex_);
    if (cpu_path_ && ended_cpu_.empty()) {
      if (const auto profile = sampler_.stop()) ended_cpu_ = profile->pprof();
    }
    keep();
  }

  [[nodiscard]] Json info() {
    const ExclusiveLock lock(mutex_);
    take_over();
    return {{"cpuPath", cpu_path_.value_or("")},
            {"cpuEnded", !ended_cpu_.empty()},
            {"memoryPath", memory_path_.value_or("")}};
  }
  [[nodiscard]] Result<void> start_cpu(std::string path) {
    const ExclusiveLock lock(mutex_);
    take_over();
    if (!ended_cpu_.empty()) {
      return fail(ErrorKind::conflict,
                  "a CPU profile that ended with a restart of the server is there: get it with "
                  "egctl profile stop");
    }
    SLUICE_CHECK(sampler_.start());
    cpu_path_ = std::move(path);
    return {};
  }
  [[nodiscard]] Result<void> start_memory(std::string path) {
    const ExclusiveLock lock(mutex_);
    take_over();
    if (memory_path_) return fail(ErrorKind::conflict, "a memory profile is being taken already");
    memory_path_ = std::move(path);
    return {};
  }
  [[nodiscard]] Result<std::string> stop_cpu() {
    const ExclusiveLock lock(mutex_);
    take_over();
    cpu_path_.reset();
    if (!ended_cpu_.empty()) {
      std::string ended = std::exchange(ended_cpu_, {});
      keep();
      return ended;
    }
    SLUICE_TRY(const observe::CpuProfile profile, sampler_.stop());
    return profile.pprof();
  }
  [[nodiscard]] Result<void> stop_memory() {
    const ExclusiveLock lock(mutex_);
    take_over();
    if (!memory_path_) return fail(ErrorKind::conflict, "no memory profile is being taken");
    memory_path_.reset();
    if (!ended_cpu_.empty()) keep();
    return {};
  }

 private:
  // At the first call: the process before this one has left its file by then.
  void take_over() SLUICE_REQUIRES(mutex_) {
    if (std::exchange(took_over_, true) || kept_file_.empty()) return;
    KeptProfiles kept = KeptProfiles::read(kept_file_);
    memory_path_ = std::move(kept.memory_path);
    if (kept.cpu.empty()) return;
    cpu_path_ = std::move(kept.cpu_path);
    ended_cpu_ = std::move(kept.cpu);
  }
  void keep() SLUICE_REQUIRES(mutex_) {
    if (kept_file_.empty() || !took_over_) return;
    KeptProfiles kept{.cpu_path = {}, .cpu = ended_cpu_, .memory_path = memory_path_};
    if (!ended_cpu_.empty()) kept.cpu_path = cpu_path_.value_or("");
    if (const auto written = kept.write(kept_file_); !written)
      logger_.warn("a profile is lost: " + written.error().message);
  }

  const std::string kept_file_;
  const Logger logger_;
  mutable Mutex mutex_;
  bool took_over_ SLUICE_GUARDED_BY(mutex_) = false;
  observe::CpuSampler sampler_ SLUICE_GUARDED_BY(mutex_);
  std::optional<std::string> cpu_path_ SLUICE_GUARDED_BY(mutex_);
  std::string ended_cpu_ SLUICE_GUARDED_BY(mutex_);  // of the process before this one; "": none
  std::optional<std::string> memory_path_ SLUICE_GUARDED_BY(mutex_);
};

// glibc counts what it has given out, by arena and by size. It does not know who asked for it.
std::string memory_report() {
  char* text = nullptr;
  std::size_t size = 0;
  std::string report = "<!-- malloc_info(3) of glibc, then smaps_rollup of the process -->\n";
  if (FILE* out = ::open_memstream(&text, &size); out != nullptr) {
    ::malloc_info(0, out);
    std::fclose(out);
    report.append(text, size);
    std::free(text);  // NOLINT: open_memstream's
  }
  if (const auto rollup = read_file("/proc/self/smaps_rollup", kRollupBytesMax))
    report += "<!--\n" + *rollup + "-->\n";
  return report;
}

Result<std::string> path_in(const ApiRequest& request) {
  SLUICE_TRY(const config::Value body, config::parse_document(request.body));
  const config::Value* path = body.find("path");
  const bool given = path != nullptr && path->kind == config::Value::Kind::scalar;
  if (!given || path->scalar.empty()) return fail(ErrorKind::invalid, "missing path");
  if (path->scalar.size() > kPathBytesMax) return fail(ErrorKind::invalid, "the path is too long");
  return path->scalar;
}

ApiResponse bytes(std::string body) {
  return {.content_type = std::string(kBytesType), .body = std::move(body)};
}

Result<ApiResponse> stop(Profiles& profiles, const ApiRequest& request) {
  const auto kind = request.query.find("kind");
  const std::string which = kind == request.query.end() ? "" : kind->second;
  if (which == "cpu") {
    SLUICE_TRY(std::string profile, profiles.stop_cpu());
    return bytes(std::move(profile));
  }
  if (which == "memory") {
    SLUICE_CHECK(profiles.stop_memory());
    return bytes(memory_report());
  }
  return fail(ErrorKind::invalid, "stop wants ?kind=cpu or ?kind=memory");
}

}  // namespace

void add_profile(ApiRouter& router, Context& context) {
  const std::string& kept_file = context.options.kept_profiles;
  const auto profiles =
      std::make_shared<Profiles>(context.options.profiling ? kept_file : "", context.logger);
  using ProfileAnswer = std::function<Result<ApiResponse>(const ApiRequest&)>;
  const auto add = [&](const char* method, const char* pattern, Declaration about,
                       ProfileAnswer answer) {
    router.add({.group = "profile",
                .method = method,
                .pattern = pattern,
                .handler = [&context, answer = std::move(answer)](
                               const ApiRequest& request, const PathNames&) -> Result<ApiResponse> {
                  if (context.options.profiling) return answer(request);
                  return fail(ErrorKind::invalid,
                              "profiling is off: start sluice-server with --profiling");
                },
                .about = std::move(about)});
  };
  const Content file = value_of("{path}");
  add("GET", "/profile",
      {.summary = "Tells which profiles are being taken",
       .answers = {{200, value_of("{cpuPath, cpuEnded: boolean, memoryPath}"),
                    "Empty paths: none"}}},
      [profiles](const ApiRequest& request) -> Result<ApiResponse> {
        return respond(request, profiles->info());
      });
  add("POST", "/profile/start/cpu",
      {.summary = "Begins a profile of the CPU", .body = file, .errors = {409}},
      [profiles](const ApiRequest& request) -> Result<ApiResponse> {
        SLUICE_TRY(std::string path, path_in(request));
        SLUICE_CHECK(profiles->start_cpu(std::move(path)));
        return ApiResponse{};
      });
  add("POST", "/profile/start/memory",
      {.summary = "Begins a profile of the memory", .body = file, .errors = {409}},
      [profiles](const ApiRequest& request) -> Result<ApiResponse> {
        SLUICE_TRY(std::string path, path_in(request));
        SLUICE_CHECK(profiles->start_memory(std::move(path)));
        return ApiResponse{};
      });
  add("POST", "/profile/stop",
      {.summary = "Ends a profile",
       .query = {required(choice_query("kind", "cpu|memory", "Which"))},
       .answers = {{200, {.types = {kBytesType}}, "The profile"}},
       .errors = {409}},
      [profiles](const ApiRequest& request) -> Result<ApiResponse> {
        return stop(*profiles, request);
      });
}

}  // namespace sluice::admin
