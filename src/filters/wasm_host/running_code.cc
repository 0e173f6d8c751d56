// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/running_code.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "config/url_credentials.h"
#include "filters/wasm_host/abi.h"
#include "filters/wasm_host/code.h"
#include "store/blobs.h"

namespace sluice::filters {
namespace {

constexpr const char* kSource = "source";
constexpr const char* kSha256 = "sha256";
constexpr const char* kLoadedAt = "loadedAt";
constexpr const char* kUploaded = "uploaded";
constexpr const char* kRolledBackFrom = "rolledBackFrom";
constexpr const char* kWhy = "why";
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

// The bytes that `source` stands for: a module, or the document of a script.
Result<std::string> read_source(const std::string& source, const WasmEnvironment& environment,
                                const std::stop_token& stop) {
  if (is_builtin(source)) return read_script(source);
  return load_code(source, environment.engine.options().accept_text, stop);
}

// A module that is built for the other kind would be refused with a list of functions.
Result<void> check_kind(const wasm::Module& module, const WasmEnvironment& environment) {
  const bool for_plugins = environment.scripts == nullptr;
  const bool program = module.find_export(kGuestRun.name) != nullptr;
  const bool plugin = std::ranges::any_of(module.exports(), [](const wasm::Export& each) {
    return each.name.starts_with("proxy_abi_version_");
  });
  if (plugin == program || plugin == for_plugins) return {};
  return fail(ErrorKind::invalid, plugin ? std::string(kIsPlugin)
                                         : "this is a program for WasmHost: use kind WasmHost");
}

std::optional<std::string> file_of(const std::string& source) {
  return is_builtin(source) ? script_path(source) : path_in(source);
}

}  // namespace

RunningCode::RunningCode(std::string source, std::string loaded_at)
    : source_(std::move(source)), loaded_at_(std::move(loaded_at)) {}

Result<std::shared_ptr<RunningCode>> RunningCode::compile(const std::string& source,
                                                          const std::string& bytes,
                                                          std::string loaded_at,
                                                          const WasmEnvironment& environment) {
  std::shared_ptr<RunningCode> code(new RunningCode(source, std::move(loaded_at)));
  code->bytes_ = bytes.size();
  // A rollback may go from a module to a script, or back.
  auto script = parse_script(bytes);
  if (!script && is_builtin(source) && !is_module(bytes))
    return fail(ErrorKind::internal, "the script that was kept is none");
  if (script) {
    SLUICE_TRY(code->module_, environment.scripts->get(script->language));
    code->script_ = std::make_shared<const Script>(*std::move(script));
    code->sha256_ = sha256_hex(bytes);
  } else {
    SLUICE_TRY(auto module, wasm::Module::compile(environment.engine, bytes));
    SLUICE_CHECK(check_kind(*module, environment));
    SLUICE_TRY(code->module_, environment.linker->link(std::move(module)));
    code->sha256_ = code->module_->module().sha256();
  }
  code->shared_ = environment.store.is_shared();
  return code;
}

Result<std::shared_ptr<RunningCode>> RunningCode::take_in(const std::string& source,
                                                          const std::string& bytes,
                                                          const WasmEnvironment& environment) {
  SLUICE_TRY(auto code, compile(source, bytes, format_rfc3339_ms(std::chrono::system_clock::now()),
                                environment));
  if (auto kept = environment.kept->keep(code->sha256(), bytes)) {
    code->kept_ = *std::move(kept);
  } else {
    code->trouble_ = "a restart has to read `code` again, for " + kept.error().message;
    environment.logger.error("code of filters: " + code->trouble_);
  }
  if (environment.store.is_shared())
    SLUICE_CHECK(store::Blobs(environment.store).put(code->sha256(), bytes));
  return code;
}

Result<std::shared_ptr<const RunningCode>> RunningCode::read(const std::string& source,
                                                             const WasmEnvironment& environment,
                                                             const std::stop_token& stop) {
  SLUICE_TRY(const std::string bytes, read_source(source, environment, stop));
  return take_in(source, bytes, environment);
}

Result<std::shared_ptr<const RunningCode>> RunningCode::uploaded(
    const std::string& source, const std::string& bytes, const WasmEnvironment& environment) {
  std::string taken = bytes;
  if (is_builtin(source)) {
    SLUICE_TRY(taken, sent_script(source, bytes));
  }
  SLUICE_TRY(auto code, take_in(source, taken, environment));
  code->uploaded_ = true;
  return code;
}

// The bytes from the data directory, else from the store that the members share.
Result<std::string> RunningCode::load(const std::string& sha256,
                                      const WasmEnvironment& environment) {
  auto kept = environment.kept->load(sha256);
  if (kept || !environment.store.is_shared()) return kept;
  SLUICE_TRY(std::string bytes, store::Blobs(environment.store).load(sha256));
  if (const auto again = environment.kept->keep(sha256, bytes); !again)
    environment.logger.error("code of filters: " + again.error().message);
  return bytes;
}

Result<std::shared_ptr<const RunningCode>> RunningCode::pinned(const std::string& source,
                                                               const Json& pin,
                                                               const WasmEnvironment& environment,
                                                               const std::stop_token& stop) {
  if (text_of(pin, kSource) != sha256_hex(source)) return std::shared_ptr<const RunningCode>();
  const std::string sha256 = text_of(pin, kSha256);
  const auto bytes = load(sha256, environment);
  if (!bytes) return read_again(source, sha256, bytes.error().message, environment, stop);
  SLUICE_TRY(auto code, compile(source, *bytes, text_of(pin, kLoadedAt), environment));
  code->kept_ = environment.kept->hold(sha256);
  code->uploaded_ = pin.contains(kUploaded) && pin[kUploaded] == true;
  code->rolled_back_from_ = text_of(pin, kRolledBackFrom);
  code->why_ = text_of(pin, kWhy);
  SLUICE_CHECK(code->share(environment));
  return std::shared_ptr<const RunningCode>(std::move(code));
}

// The code of a pin is gone. On a shared store, no member runs other code than the others.
Result<std::shared_ptr<const RunningCode>> RunningCode::read_again(
    const std::string& source, const std::string& sha256, const std::string& trouble,
    const WasmEnvironment& environment, const std::stop_token& stop) {
  const std::string gone =
      "the code that ran before (" + sha256.substr(0, kShortHash) + "…) is gone: " + trouble;
  if (environment.store.is_shared()) {
    const auto bytes = read_source(source, environment, stop);
    if (!bytes) return fail(bytes.error().kind, bytes.error().message + "; and " + gone);
    if (sha256_hex(*bytes) == sha256) return take_in(source, *bytes, environment);
    return fail(ErrorKind::not_found,
                gone + "; `code` holds other code: say `egctl wasm reload-code`");
  }
  auto again = read(source, environment, stop);
  if (!again) {
    return fail(again.error().kind,
                again.error().message + "; and the code that ran before is gone: " + trouble);
  }
  if ((*again)->sha256() == sha256) return again;
  auto other = std::const_pointer_cast<RunningCode>(*again);
  other->trouble_ = gone + "; other code was read";
  environment.logger.error("code of filters: " + other->trouble_);
  return again;
}

Result<void> RunningCode::share(const WasmEnvironment& environment) const {
  if (!environment.store.is_shared()) return {};
  store::Blobs blobs(environment.store);
  if (blobs.hold(sha256())) return {};
  SLUICE_TRY(const std::string bytes, environment.kept->load(sha256()));
  return blobs.put(sha256(), bytes);
}

Json RunningCode::pin() const {
  Json pin = {{kSource, sha256_hex(source_)}, {kSha256, sha256()}, {kLoadedAt, loaded_at_}};
  if (uploaded_) pin[kUploaded] = true;
  if (!rolled_back_from_.empty()) pin[kRolledBackFrom] = rolled_back_from_;
  if (!why_.empty()) pin[kWhy] = why_;
  return pin;
}

bool RunningCode::refuses(const Json& pin, const RunningCode& code,
                          const std::set<std::string>& refused) {
  return text_of(pin, kSource) == sha256_hex(code.source_) &&
         (text_of(pin, kRolledBackFrom) == code.sha256() || refused.contains(code.sha256()));
}

pipeline::CodeFacts RunningCode::facts() const {
  if (uploaded_) return {"upload", "", bytes_};
  if (is_url(source_)) return {"url", config::without_credentials(source_), bytes_};
  if (const auto path = file_of(source_)) return {"path", *path, bytes_};
  return {is_builtin(source_) ? "script" : "inline", "", bytes_};
}

std::string RunningCode::rollback_note() const {
  if (rolled_back_from_.empty()) return {};
  return "since " + loaded_at_ + " the code " + sha256().substr(0, kShortHash) +
         "… runs in place of " + rolled_back_from_.substr(0, kShortHash) +
         "…, which was rolled back" + (why_.empty() ? "" : " (" + why_ + ")") +
         ": `egctl wasm reload-code` ends this once there is other code";
}

std::string RunningCode::note(const std::set<std::string>& refused) const {
  const MutexLock lock(mutex_);
  if (const auto path = uploaded_ ? std::nullopt : file_of(source_)) {
    if (std::string now = look_at(*path); now != seen_) {
      said_ = compare(*path, refused);
      seen_ = std::move(now);
    }
  }
  std::string note;
  for (const std::string& part : {trouble_, rollback_note(), said_}) {
    if (!part.empty()) note += (note.empty() ? "" : "; ") + part;
  }
  return note;
}

std::string RunningCode::compare(const std::string& path,
                                 const std::set<std::string>& refused) const {
  const auto runs = [this] {
    return "; the code of " + loaded_at_ + " (sha256 " + sha256().substr(0, kShortHash) + "…) runs";
  };
  const auto bytes = is_builtin(source_) ? read_script(source_) : read_code_file(path);
  const bool missing = !bytes && bytes.error().kind == ErrorKind::not_found;
  if (missing && shared_) return {};
  if (!bytes) return bytes.error().message + runs();
  const std::string sha256_now = sha256_hex(*bytes);
  if (sha256_now == sha256() || sha256_now == rolled_back_from_) return {};
  if (refused.contains(sha256_now)) {
    return path + " holds code that was rolled back (sha256 " + sha256_now.substr(0, kShortHash) +
           "…)" + runs() + ", and `egctl wasm reload-code` leaves it so";
  }
  return path + " holds other code now (sha256 " + sha256_now.substr(0, kShortHash) + "…, " +
         std::to_string(bytes->size()) + " bytes)" + runs() +
         " until you say `egctl wasm reload-code`";
}

}  // namespace sluice::filters
