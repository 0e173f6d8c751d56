// SPDX-License-Identifier: Apache-2.0
// What the host functions of one run act upon. Core-bound; lives as long as the run.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "filters/wasm_host/log_gate.h"
#include "filters/wasm_host/undo.h"
#include "pipeline/exchange.h"
#include "store/store.h"
#include "wasm/abi.h"

namespace sluice::filters {

class HostContext {
 public:
  // For wasm_init: only functions that need neither request nor shared data.
  HostContext(const Logger& logger, LogGate& gate, std::mt19937_64& random)
      : logger_(logger), gate_(gate), random_(random) {}
  // For wasm_run.
  HostContext(const Logger& logger, LogGate& gate, std::mt19937_64& random,
              pipeline::Exchange& exchange, Undo& undo, store::Transaction& transaction)
      : logger_(logger),
        gate_(gate),
        random_(random),
        exchange_(&exchange),
        undo_(&undo),
        transaction_(&transaction) {}

  [[nodiscard]] pipeline::Exchange* exchange() { return exchange_; }
  [[nodiscard]] store::Transaction* transaction() { return transaction_; }
  [[nodiscard]] Undo& undo() { return *undo_; }
  [[nodiscard]] double random() { return static_cast<double>(random_() >> 11) * 0x1p-53; }

  // Lines are kept until the run counts; too many, or too long ones, are cut.
  void log(LogLevel level, std::string_view text);
  [[nodiscard]] Result<void> add_tag(std::string_view text);
  // The run counts, or has failed for good: writes the lines, `name` before each.
  void flush_logs(std::string_view name);
  // The run did not happen.
  void restart() { lines_.clear(); }

 private:
  struct Line {
    LogLevel level;
    std::string text;
  };

  const Logger& logger_;
  LogGate& gate_;
  std::mt19937_64& random_;
  pipeline::Exchange* exchange_ = nullptr;
  Undo* undo_ = nullptr;
  store::Transaction* transaction_ = nullptr;
  std::vector<Line> lines_;
};

// For the host functions: what they need, or the error that names why there is none.
[[nodiscard]] Result<HostContext*> context_of(const wasm::HostCall& call);
[[nodiscard]] Result<http::Request*> request_of(const wasm::HostCall& call);
[[nodiscard]] Result<http::Response*> response_of(const wasm::HostCall& call);
[[nodiscard]] Result<store::Transaction*> data_of(const wasm::HostCall& call);
// The same, about to change its head.
[[nodiscard]] Result<http::Request*> edit_request(const wasm::HostCall& call);
[[nodiscard]] Result<http::Response*> edit_response(const wasm::HostCall& call);

}  // namespace sluice::filters
