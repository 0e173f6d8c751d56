// SPDX-License-Identifier: Apache-2.0
// Compiled modules on disk, so that a restart or a second pipeline does not compile again. An entry
// is named by the SHA-256 of the module and the version of the compiler, and begins with the
// SHA-256 of its own content: a damaged one is ignored. Who may write the directory may run code in
// the process, as who may write the program file.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::wasm {

class ModuleCache {
 public:
  // Empty: nothing is kept. The directory is created (for the owner only).
  explicit ModuleCache(std::string directory);
  // Any thread. nullopt if absent or damaged.
  [[nodiscard]] std::optional<std::string> load(std::string_view module_hash) const;
  // Best effort: what cannot be written is compiled again next time.
  void save(std::string_view module_hash, std::string_view compiled) const;

 private:
  [[nodiscard]] std::string path_of(std::string_view module_hash) const;
  void drop_oldest() const;

  std::string directory_;
};

}  // namespace sluice::wasm
