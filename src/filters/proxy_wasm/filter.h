// SPDX-License-Identifier: Apache-2.0
// One core's ProxyWasm filter: hands the request and the response of each exchange to the guest.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "filters/proxy_wasm/failure_log.h"
#include "filters/proxy_wasm/guest.h"
#include "filters/proxy_wasm/piece_reader.h"
#include "filters/proxy_wasm/statistics.h"
#include "filters/proxy_wasm/vm.h"
#include "pipeline/filter.h"

namespace sluice::filters::proxy_wasm {

inline constexpr std::string_view kPluginError = "wasmError";
inline constexpr std::string_view kLocalResponse = "localResponse";
inline constexpr std::string_view kBodyTooLarge = "bodyTooLarge";
inline constexpr std::array<std::string_view, 3> kProxyWasmResults = {kPluginError, kLocalResponse,
                                                                      kBodyTooLarge};

class ProxyWasmFilter final : public pipeline::Filter, public PieceTaker {
 public:
  // `guest`: null if it is to be made on the core.
  ProxyWasmFilter(const loop::Core& core, std::shared_ptr<const GuestRecipe> recipe,
                  std::shared_ptr<PluginStatistics> statistics, std::unique_ptr<PluginGuest> guest);

  Task<std::string_view> handle(pipeline::Exchange& exchange) override;
  // Hands the response to the guest. Returns a result, "" if the response goes on.
  Task<std::string_view> respond(pipeline::Exchange& exchange, std::shared_ptr<Stream> stream);

  [[nodiscard]] Vm& vm() { return vm_; }
  [[nodiscard]] Task<Result<bool>> take_piece(std::shared_ptr<Stream> stream, std::uint32_t size,
                                              bool last) override;
  [[nodiscard]] Task<Result<void>> take_trailers(std::shared_ptr<Stream> stream) override;
  void note_failure(const Error& error) override;

 private:
  // The callbacks that the guest exports. Each ABI version has its own two for headers.
  struct Wanted {
    explicit Wanted(const GuestRecipe& recipe);
    const Callback& request_headers;
    const Callback& response_headers;
    bool request_body;
    bool request_trailers;
    bool response_body;
    bool response_trailers;
    bool log;
  };

  // The event that ends a pause.
  enum class Wait : std::uint8_t {
    resumption,
    calls,  // ends with the calls of the exchange, as the guest may wait for trailers
  };

  // Calls the guest, and waits while it pauses this direction. Ends early if it answers itself.
  [[nodiscard]] Task<Result<void>> step(const Callback& callback, std::shared_ptr<Stream> stream,
                                        bool response, U32 second, U32 third,
                                        Wait wait = Wait::resumption);
  [[nodiscard]] Task<Result<void>> request_side(pipeline::Exchange& exchange,
                                                std::shared_ptr<Stream> stream);
  [[nodiscard]] Task<Result<void>> request_body(http::Request& request,
                                                std::shared_ptr<Stream> stream);
  [[nodiscard]] Task<Result<void>> response_side(pipeline::Exchange& exchange,
                                                 std::shared_ptr<Stream> stream);
  [[nodiscard]] Task<Result<void>> whole_response(http::Response& response,
                                                  std::shared_ptr<Stream> stream);
  void stream_response(http::Response& response, const std::shared_ptr<Stream>& stream);
  [[nodiscard]] Task<Result<void>> resumed(std::shared_ptr<Stream> stream, bool response,
                                           Wait wait = Wait::resumption);
  void answer(pipeline::Exchange& exchange, LocalResponse local);
  std::string_view fail_exchange(pipeline::Exchange& exchange, const Error& error);

  const std::shared_ptr<const GuestRecipe> recipe_;
  const std::shared_ptr<PluginStatistics> statistics_;
  PluginCounters& counters_;
  const Wanted wanted_;
  FailureLog failures_;
  Vm vm_;
};

}  // namespace sluice::filters::proxy_wasm
