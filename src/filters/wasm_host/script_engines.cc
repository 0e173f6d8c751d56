// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/script_engines.h"

#include <filesystem>

#include "base/file.h"
#include "filters/wasm_host/code.h"

namespace sluice::filters {
namespace {

namespace fs = std::filesystem;

std::string engine_path(const std::string& language) {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  const fs::path prefix = program.parent_path().parent_path();
  return (prefix / "share" / "sluice" / (language + ".wasm")).string();
}

}  // namespace

Result<std::shared_ptr<const wasm::LinkedModule>> ScriptEngines::get(const std::string& language) {
  const MutexLock lock(mutex_);
  if (const auto found = made_.find(language); found != made_.end()) return found->second;
  const auto bytes = read_file(engine_path(language), kCodeBytesMax);
  if (!bytes) {
    return fail(bytes.error().kind,
                "the engine that belongs to this program is not there: " + bytes.error().message);
  }
  SLUICE_TRY(auto module, wasm::Module::compile(engine_, *bytes));
  SLUICE_TRY(auto linked, linker_.link(std::move(module)));
  made_[language] = linked;
  return linked;
}

}  // namespace sluice::filters
