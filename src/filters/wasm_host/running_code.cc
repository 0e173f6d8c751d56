// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/running_code.h"

#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "filters/wasm_host/code.h"

namespace sluice::filters {
namespace {

constexpr const char* kSource = "source";
constexpr const char* kSha256 = "sha256";
constexpr const char* kLoadedAt = "loadedAt";
constexpr std::size_t kShortHash = 12;

std::string text_of(const Json& pin, const char* name) {
  return pin.is_object() && pin.contains(name) && pin[name].is_string()
             ? pin[name].get<std::string>()
             : std::string();
}

// A fingerprint of the file's metadata: changes when the file does, without reading it.
std::string look_at(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return "errno " + std::to_string(errno);
  return std::to_string(found.st_ino) + " " + std::to_string(found.st_size) + " " +
         std::to_string(found.st_mtim.tv_sec) + "." + std::to_string(found.st_mtim.tv_nsec);
}

}  // namespace

RunningCode::RunningCode(std::string source, std::shared_ptr<const wasm::LinkedModule> module,
                         std::string loaded_at)
    : source_(std::move(source)), module_(std::move(module)), loaded_at_(std::move(loaded_at)) {}

Result<std::shared_ptr<RunningCode>> RunningCode::compile(const std::string& source,
                                                          const std::string& bytes,
                                                          std::string loaded_at,
                                                          const WasmEnvironment& environment) {
  SLUICE_TRY(auto module, wasm::Module::compile(environment.engine, bytes));
  SLUICE_TRY(auto linked, environment.linker->link(std::move(module)));
  return std::shared_ptr<RunningCode>(
      new RunningCode(source, std::move(linked), std::move(loaded_at)));
}

Result<std::shared_ptr<const RunningCode>> RunningCode::read(const std::string& source,
                                                             const WasmEnvironment& environment,
                                                             const std::stop_token& stop) {
  SLUICE_TRY(const std::string bytes,
             load_code(source, environment.engine.options().accept_text, stop));
  SLUICE_TRY(auto code, compile(source, bytes, format_rfc3339_ms(std::chrono::system_clock::now()),
                                environment));
  if (auto kept = environment.kept->keep(code->sha256(), bytes)) {
    code->kept_ = *std::move(kept);
  } else {
    code->trouble_ = "a restart has to read `code` again, for " + kept.error().message;
    environment.logger.error("WasmHost: " + code->trouble_);
  }
  return std::shared_ptr<const RunningCode>(std::move(code));
}

Result<std::shared_ptr<const RunningCode>> RunningCode::pinned(const std::string& source,
                                                               const Json& pin,
                                                               const WasmEnvironment& environment,
                                                               const std::stop_token& stop) {
  if (text_of(pin, kSource) != sha256_hex(source)) return std::shared_ptr<const RunningCode>();
  const std::string sha256 = text_of(pin, kSha256);
  auto bytes = environment.kept->load(sha256);
  if (bytes) {
    SLUICE_TRY(auto code, compile(source, *bytes, text_of(pin, kLoadedAt), environment));
    code->kept_ = environment.kept->hold(sha256);
    return std::shared_ptr<const RunningCode>(std::move(code));
  }
  auto again = read(source, environment, stop);
  if (!again) {
    return fail(
        again.error().kind,
        again.error().message + "; and the code that ran before is gone: " + bytes.error().message);
  }
  if ((*again)->sha256() == sha256) return again;
  auto other = std::const_pointer_cast<RunningCode>(*again);
  other->trouble_ = "the code that ran before (" + sha256.substr(0, kShortHash) +
                    "…) is gone: " + bytes.error().message + "; other code was read";
  environment.logger.error("WasmHost: " + other->trouble_);
  return again;
}

Json RunningCode::pin() const {
  return {{kSource, sha256_hex(source_)}, {kSha256, sha256()}, {kLoadedAt, loaded_at_}};
}

std::string RunningCode::note() const {
  const MutexLock lock(mutex_);
  if (const auto path = path_in(source_)) {
    if (std::string now = look_at(*path); now != seen_) {
      said_ = compare(*path);
      seen_ = std::move(now);
    }
  }
  return trouble_.empty() || said_.empty() ? trouble_ + said_ : trouble_ + "; " + said_;
}

std::string RunningCode::compare(const std::string& path) const {
  const auto runs = [this] {
    return "; the code of " + loaded_at_ + " (sha256 " + sha256().substr(0, kShortHash) + "…) runs";
  };
  const auto bytes = read_code_file(path);
  if (!bytes) return bytes.error().message + runs();
  const std::string sha256_now = sha256_hex(*bytes);
  if (sha256_now == sha256()) return {};
  return path + " holds other code now (sha256 " + sha256_now.substr(0, kShortHash) + "…, " +
         std::to_string(bytes->size()) + " bytes)" + runs() +
         " until you say `egctl wasm reload-code`";
}

}  // namespace sluice::filters
