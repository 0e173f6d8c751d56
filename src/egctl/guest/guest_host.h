// SPDX-License-Identifier: Apache-2.0
// GuestHost: a WasmHost filter in this process, over shared data of its own. It opens no port and
// needs no server. One thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "egctl/guest/request_spec.h"

namespace sluice::pipeline {
class FilterKind;
}

namespace sluice::egctl {

// The fields of the WasmHost filter.
struct GuestSpec {
  std::string code;    // the path of a module, base64, or builtin:…
  std::string script;  // with builtin:…: the path of a file, or the text
  std::map<std::string, std::string> parameters{};
  Duration timeout = std::chrono::seconds(1);
  std::string max_memory = "64MiB";
  std::optional<std::string> configuration{};  // of a plugin
};

constexpr const char* kScriptLanguageHelp =
    "of a script whose name does not tell: javascript or lua";

// The program in `file`, which is - for standard input. `language`: of a script; "": by the ending
// of the name, else it is a module. Error `invalid`: no engine has the language.
[[nodiscard]] Result<GuestSpec> guest_of(const std::string& file, const std::string& language);

using Data = std::map<std::string, std::string>;

struct DataChange {
  std::string key;
  std::optional<std::string> before;  // none: the key was absent
  std::optional<std::string> after;
};

// One request, after its run.
struct GuestRun {
  std::string result;  // "": the flow goes on
  Duration took{};
  http::Request request;
  std::optional<http::Response> response;  // none: a later filter makes it
  std::vector<std::string> tags;

  [[nodiscard]] bool failed() const { return result == "wasmError" || result == "outOfVM"; }
};

class GuestHost {
 public:
  // Error `internal`: the engine cannot be made.
  [[nodiscard]] static Result<std::unique_ptr<GuestHost>> open();
  ~GuestHost();
  GuestHost(const GuestHost&) = delete;
  GuestHost& operator=(const GuestHost&) = delete;

  // Compiles the program and makes a guest, as an apply does; replaces the one before. The error
  // has the words of the server.
  [[nodiscard]] Result<void> use(const GuestSpec& spec);
  // The same for a plugin, which run() does not run.
  [[nodiscard]] Result<void> use_plugin(const GuestSpec& spec);
  // Replaces all shared data.
  [[nodiscard]] Result<void> set_data(const Data& data);
  [[nodiscard]] Result<Data> data() const;
  // Requires: use() succeeded. The transaction is durable on return.
  [[nodiscard]] GuestRun run(const RequestSpec& spec);
  // The lines of the log since the last call, the guest's own among them.
  [[nodiscard]] std::vector<std::string> take_log();
  // Imports, exports and size of `bytes`; null if they do not compile, with the reason in `fault`.
  [[nodiscard]] Json describe(const std::string& bytes, std::string& fault) const;

 private:
  GuestHost();
  [[nodiscard]] Result<void> build(const pipeline::FilterKind& kind, const Json& document);
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// In the order of the keys.
[[nodiscard]] std::vector<DataChange> changes(const Data& before, const Data& after);

}  // namespace sluice::egctl
