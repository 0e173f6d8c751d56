// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "filters/wasm_host/known.h"
#include "pipeline/filter.h"

namespace sluice::filters {

// `limit` of a WasmHost: store::KeyLimit.
struct LimitSpec {
  static constexpr std::int64_t kMax = 1'000'000'000;
  static constexpr std::size_t kPrefixBytesMax = 1024;
  std::string prefix;
  std::int64_t max = 0;

  void fields(auto& visit) {
    visit("prefix", prefix, {.required = true, .min = 1, .doc = "of the keys that are counted"});
    visit("max", max,
          {.required = true,
           .min = 0,
           .max = kMax,
           .doc = "most keys with the prefix; a request beyond it is limitReached"});
  }
  void validate(const std::string& path, config::Faults& faults) const {
    if (prefix.size() > kPrefixBytesMax) {
      faults.add(config::join_path(path, "prefix"),
                 "is longer than " + std::to_string(kPrefixBytesMax) + " bytes");
    }
  }
};

// `rollback` of a WasmHost: when new code goes by itself.
struct RollbackSpec {
  double error_rate = 0;
  Duration window = std::chrono::seconds(30);

  void fields(auto& visit) {
    constexpr std::int64_t kSecond = 1'000'000'000;
    visit("errorRate", error_rate,
          {.required = true,
           .doc = "the part of the runs that may end in wasmError: at least 0, below 1"});
    visit("window", window,
          {.min = kSecond,
           .max = 3600 * kSecond,
           .doc = "how long the runs of new code are counted, from its coming into force"});
  }
  void validate(const std::string& path, config::Faults& faults) const {
    if (error_rate < 0 || error_rate >= 1)
      faults.add(config::join_path(path, "errorRate"), "must be at least 0 and below 1");
  }
};

struct WasmHostSpec {
  pipeline::FilterMeta meta;
  std::string code;
  std::string script;
  Duration timeout = std::chrono::milliseconds(100);
  int max_concurrency = 10;
  int max_waiting = 10'000;
  std::string max_memory = "64MiB";
  std::map<std::string, std::string> parameters;
  std::optional<KnownSpec> known;
  std::optional<LimitSpec> limit;
  std::string on_store_loss = "refuse";
  std::optional<RollbackSpec> rollback;

  // The source of the code, as RunningCode takes it.
  [[nodiscard]] std::string source() const;

  void fields(auto& visit) {
    constexpr std::int64_t kMillisecond = 1'000'000;
    constexpr std::int64_t kHour = 3'600'000 * kMillisecond;
    meta.fields(visit);
    visit("maxConcurrency", max_concurrency,
          {.min = 1,
           .max = 10'000,
           .doc = "guests alive, shared out over the cores, one each at least"});
    visit("maxWaiting", max_waiting,
          {.min = 1,
           .max = 1'000'000,
           .doc = "requests that wait for a guest, shared out over the cores; further ones are "
                  "outOfVM at once"});
    visit("code", code,
          {.required = true,
           .min = 1,
           .doc = "the module: an http(s) URL, the path of a file, or base64; or "
                  "builtin:javascript or builtin:lua, which run `script`"});
    visit("script", script,
          {.doc = "for a builtin engine: the text of the script, or the path of its file"});
    visit("timeout", timeout,
          {.min = kMillisecond,
           .max = kHour,
           .doc = "most time that one request may take here, waiting included"});
    visit("parameters", parameters, {.doc = "handed to wasm_init"});
    visit("known", known, {.doc = "who has been let in, and is served first under overload"});
    visit("limit", limit,
          {.doc = "a limit on the keys of the shared data, kept whatever the guest does"});
    visit("rollback", rollback,
          {.doc = "go back to the code before, if the runs of new code fail too often"});
    visit("maxMemory", max_memory, {.doc = "most memory of one guest: bytes, or 64MiB"});
    visit("onStoreLoss", on_store_loss,
          {.one_of = {"refuse", "serveKnown"},
           .doc = "in a cluster that cannot reach its store, what becomes of requests that only "
                  "read: refuse (503), or serveKnown (answered from what this member last knew)"});
  }
};

// "64MiB", "64Mi", "64MB", "65536" -> bytes.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);

}  // namespace sluice::filters
