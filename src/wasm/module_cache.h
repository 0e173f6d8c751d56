// SPDX-License-Identifier: Apache-2.0
// Compiled modules on disk, so that a restart or a second pipeline does not compile again. An entry
// is named by the SHA-256 of the module and the version of the compiler, and begins with the
// SHA-256 of its own content: a damaged one is ignored. A user who may write the directory can run
// code in the process, like one who may write the program file.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::wasm {

class ModuleCache {
 public:
  // Creates the directory, for its owner only. Empty: nothing is kept.
  explicit ModuleCache(std::string directory);
  // Returns the compiled module; nullopt if it is absent or damaged. `module_hash`:
  // Module::sha256(). Waits for the disk. Any thread.
  [[nodiscard]] std::optional<std::string> load(std::string_view module_hash) const;
  // Keeps a compiled module, without a promise: one that cannot be written is compiled again next
  // time. Waits for the disk. Any thread.
  void save(std::string_view module_hash, std::string_view compiled) const;

 private:
  [[nodiscard]] std::string path_of(std::string_view module_hash) const;
  void drop_oldest() const;

  std::string directory_;
};

}  // namespace sluice::wasm
