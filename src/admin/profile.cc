// SPDX-License-Identifier: Apache-2.0
#include "admin/profile.h"

#include <malloc.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/file.h"
#include "base/mutex.h"
#include "config/value.h"
#include "observe/cpu_sampler.h"

namespace sluice::admin {
namespace {

constexpr std::string_view kBytesType = "application/octet-stream";
constexpr std::size_t kPathBytesMax = 4096;
constexpr std::size_t kRollupBytesMax = 64 << 10;

// The profiles that are being taken. A path is that of a file of the caller, which the server only
// remembers: the caller that stops the profile may be another run of egctl.
class Profiles {
 public:
  [[nodiscard]] Json info() const {
    const ExclusiveLock lock(mutex_);
    return {{"cpuPath", cpu_path_.value_or("")}, {"memoryPath", memory_path_.value_or("")}};
  }
  [[nodiscard]] Result<void> start_cpu(std::string path) {
    const ExclusiveLock lock(mutex_);
    SLUICE_CHECK(sampler_.start());
    cpu_path_ = std::move(path);
    return {};
  }
  [[nodiscard]] Result<void> start_memory(std::string path) {
    const ExclusiveLock lock(mutex_);
    if (memory_path_) return fail(ErrorKind::conflict, "a memory profile is being taken already");
    memory_path_ = std::move(path);
    return {};
  }
  [[nodiscard]] Result<observe::CpuProfile> stop_cpu() {
    const ExclusiveLock lock(mutex_);
    cpu_path_.reset();
    return sampler_.stop();
  }
  [[nodiscard]] Result<void> stop_memory() {
    const ExclusiveLock lock(mutex_);
    if (!memory_path_) return fail(ErrorKind::conflict, "no memory profile is being taken");
    memory_path_.reset();
    return {};
  }

 private:
  mutable Mutex mutex_;
  observe::CpuSampler sampler_ SLUICE_GUARDED_BY(mutex_);
  std::optional<std::string> cpu_path_ SLUICE_GUARDED_BY(mutex_);
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
    SLUICE_TRY(const observe::CpuProfile profile, profiles.stop_cpu());
    return bytes(profile.pprof());
  }
  if (which == "memory") {
    SLUICE_CHECK(profiles.stop_memory());
    return bytes(memory_report());
  }
  return fail(ErrorKind::invalid, "stop wants ?kind=cpu or ?kind=memory");
}

}  // namespace

void add_profile(ApiRouter& router, Context& context) {
  const auto profiles = std::make_shared<Profiles>();
  using Answer = std::function<Result<ApiResponse>(const ApiRequest&)>;
  const auto add = [&](const char* method, const char* pattern, Answer answer) {
    router.add({.group = "profile",
                .method = method,
                .pattern = pattern,
                .handler = [&context, answer = std::move(answer)](
                               const ApiRequest& request, const PathNames&) -> Result<ApiResponse> {
                  if (context.options.profiling) return answer(request);
                  return fail(ErrorKind::invalid,
                              "profiling is off: start sluice-server with --profiling");
                }});
  };
  add("GET", "/profile", [profiles](const ApiRequest& request) -> Result<ApiResponse> {
    return respond(request, profiles->info());
  });
  add("POST", "/profile/start/cpu", [profiles](const ApiRequest& request) -> Result<ApiResponse> {
    SLUICE_TRY(std::string path, path_in(request));
    SLUICE_CHECK(profiles->start_cpu(std::move(path)));
    return ApiResponse{};
  });
  add("POST", "/profile/start/memory",
      [profiles](const ApiRequest& request) -> Result<ApiResponse> {
        SLUICE_TRY(std::string path, path_in(request));
        SLUICE_CHECK(profiles->start_memory(std::move(path)));
        return ApiResponse{};
      });
  add("POST", "/profile/stop", [profiles](const ApiRequest& request) -> Result<ApiResponse> {
    return stop(*profiles, request);
  });
}

}  // namespace sluice::admin
