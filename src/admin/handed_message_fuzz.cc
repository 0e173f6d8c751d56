// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "admin/handed_message.h"
#include "base/assert.h"

// A decoded message encodes to bytes that decode to the same message.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::admin;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto step = HandedStep::decode(bytes)) {
    const std::string text = step->encode();
    const auto again = HandedStep::decode(text);
    SLUICE_ASSERT(again && again->body == step->body, "a step is read as it was written");
  }
  if (const auto reply = HandedReply::decode(bytes)) {
    const auto again = HandedReply::decode(reply->encode());
    SLUICE_ASSERT(again && again->response.body == reply->response.body,
                  "an answer is read as it was written");
  }
  return 0;
}
