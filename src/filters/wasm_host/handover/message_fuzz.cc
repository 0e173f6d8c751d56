// SPDX-License-Identifier: Apache-2.0
// Any bytes: decoding must not crash, and what decodes must encode to the same bytes.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "filters/wasm_host/handover/message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using sluice::filters::HandedAnswer;
  using sluice::filters::HandedExchange;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto answer = HandedAnswer::decode(bytes); answer && answer->encode() != bytes)
    std::abort();
  const auto message = HandedExchange::decode(bytes);
  if (!message) return 0;
  const auto* request = message->has_request ? &message->request : nullptr;
  const std::string again = HandedExchange::encode(message->head, request, message->request_body,
                                                   message->response, message->response_body);
  if (again != bytes) std::abort();
  return 0;
}
