// SPDX-License-Identifier: Apache-2.0
// The flags and environment variables of Options, derived from its list.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "sluice-server/options.h"

namespace CLI {
class App;
}

namespace sluice::server_program {

[[nodiscard]] std::string flag_of(std::string_view key);      // api-addr -> --api-addr
[[nodiscard]] std::string variable_of(std::string_view key);  // api-addr -> EG_API_ADDR

class Flags {
 public:
  // Declares all flags in `app`. Requires: `app` outlives this, and parses before over() is called.
  explicit Flags(CLI::App& app);
  Flags(const Flags&) = delete;
  Flags& operator=(const Flags&) = delete;

  // `file`, overridden by the given flags and variables. Flags obey the rules of the file; the
  // error has one detail per fault.
  [[nodiscard]] Result<Options> over(const Options& file) const;

 private:
  CLI::App& app_;
  Options given_;
};

}  // namespace sluice::server_program
