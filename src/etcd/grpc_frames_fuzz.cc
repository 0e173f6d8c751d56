// SPDX-License-Identifier: Apache-2.0
// Invariants, for any bytes of a server: messages do not depend on where the bytes are cut, none is
// over its limit, and a message that decodes goes through WatchEvents in order of revisions and
// within the bounds of parts.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "etcd/grpc_frames.h"
#include "etcd/watch_events.h"

namespace {

using namespace sluice::etcd;

constexpr std::size_t kMessageMax = 4096;
constexpr WatchBounds kBounds{.part_bytes = 64, .revision_bytes_max = 256};

void require(bool holds) {
  if (!holds) std::abort();
}

std::vector<std::string> messages_of(std::string_view bytes, std::size_t step,
                                     GrpcFrames::FrameFault& fault) {
  GrpcFrames frames(kMessageMax);
  std::vector<std::string> messages;
  while (!bytes.empty()) {
    frames.feed(bytes.substr(0, step));
    bytes.remove_prefix(std::min(step, bytes.size()));
    while (frames.has_message()) messages.push_back(frames.take());
  }
  fault = frames.fault();
  return messages;
}

template <class Message>
void decode_and_encode(std::string_view bytes) {
  Message message;
  if (!decode(bytes, message)) return;
  Message again;
  require(decode(std::string_view(frame_of(message)).substr(kGrpcPrefixBytes), again));
}

// etcd sends the events of a watch in order of revisions; others may be taken in any way.
bool is_in_order(const pb::WatchResponse& response, std::int64_t& last) {
  for (const pb::Event& event : response.events()) {
    if (event.kv().mod_revision() < last) return false;
    last = event.kv().mod_revision();
  }
  return true;
}

void watch(const std::vector<std::string>& messages) {
  WatchEvents events(0, kBounds);
  bool in_order = true;
  std::int64_t sent = 0;
  std::int64_t taken = -1;
  for (const std::string& bytes : messages) {
    pb::WatchResponse response;
    if (!decode(bytes, response)) continue;
    in_order = in_order && is_in_order(response, sent);
    events.add(std::move(response));
    while (events.ready()) {
      const pb::WatchResponse part = events.take();
      require(!part.events().empty() && !part.fragment());
      if (in_order) require(part.events(0).kv().mod_revision() > taken);
      taken = part.events().rbegin()->kv().mod_revision();
    }
    if (events.too_large()) return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = data[0] % 64 + 1;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  GrpcFrames::FrameFault fault{};
  GrpcFrames::FrameFault fault_at_once{};
  const auto messages = messages_of(bytes, step, fault);
  require(messages == messages_of(bytes, std::max<std::size_t>(bytes.size(), 1), fault_at_once));
  require(fault == fault_at_once);
  for (const std::string& message : messages) {
    require(message.size() <= kMessageMax);
    decode_and_encode<pb::TxnResponse>(message);
    decode_and_encode<pb::RangeResponse>(message);
    decode_and_encode<pb::LeaseKeepAliveResponse>(message);
    decode_and_encode<pb::AuthenticateResponse>(message);
  }
  watch(messages);
  return 0;
}
