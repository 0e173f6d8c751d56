// SPDX-License-Identifier: Apache-2.0
// Invariants, for any bytes after the client's preface: the result does not depend on the cut of
// the bytes, and the session stays consistent if responses are sent meanwhile, whole, in pieces or
// not at all.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "http/h2/testing/test_peer.h"

namespace {

using namespace sluice::http::h2;

SessionLimits limits() {
  SessionLimits limits;
  limits.header_list_bytes_max = 2048;
  limits.header_list_bytes_fatal = 16384;
  limits.fields_max = 16;
  limits.concurrent_streams_max = 8;
  limits.stream_window_bytes = 1024;
  for (Budget* budget : {&limits.resets, &limits.pings, &limits.settings, &limits.priorities,
                         &limits.empty_data, &limits.window_updates, &limits.unknown}) {
    budget->burst = 20;
    budget->per_second = 0;  // nothing here depends on time
  }
  return limits;
}

void require(bool holds) {
  if (!holds) std::abort();
}

std::string transcript(std::string_view bytes, std::size_t step) {
  TestOwner owner(limits());
  owner.session->receive(opening());
  while (!bytes.empty()) {
    owner.session->receive(bytes.substr(0, step));
    bytes.remove_prefix(std::min(step, bytes.size()));
  }
  (void)owner.output();
  return owner.transcript();
}

void answer_some(TestOwner& owner, std::string_view content) {
  for (const auto& stream : owner.streams) {
    if (!stream->head || stream->closed) continue;
    if (stream->unread > 0) {
      owner.session->consume(stream->id, stream->unread);
      stream->unread = 0;
    }
    if (!stream->answered) {
      stream->all = stream->id % 4 == 1;
      if (stream->id % 8 > 3) {
        auto trailers = std::make_unique<sluice::http::Headers>();
        trailers->add("x-sum", "1");
        stream->response.body.set_trailers(std::move(trailers));
      }
      sluice::http::Headers hint;
      hint.add("link", "</a>");
      if (stream->id % 3 == 1) owner.session->submit_interim(stream->id, 103, hint);
      owner.answer(*stream, content);
    } else if (stream->content.empty()) {
      stream->all = true;
      owner.session->resume(stream->id);
    }
  }
}

void converse(std::string_view bytes, std::size_t step) {
  const std::string content(3000, 'x');
  TestOwner owner(limits());
  owner.session->receive(opening());
  std::string out;
  for (int round = 0; !bytes.empty() && !owner.session->finished(); ++round) {
    owner.session->receive(bytes.substr(0, step));
    bytes.remove_prefix(std::min(step, bytes.size()));
    answer_some(owner, content);
    if (round == 20) owner.session->announce_shutdown();
    if (round == 40) owner.session->shut_down();
    out.clear();
    owner.session->produce(out, 1000);
    require(out.size() < 1000 + 2 * 16384);
  }
}

}  // namespace

// The first byte selects the cut of the rest.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string bytes(data + 1, data + size);
  const std::size_t step = 1 + data[0];
  const std::string whole = transcript(bytes, bytes.size());
  require(transcript(bytes, step) == whole);
  require(transcript(bytes, 1) == whole);
  converse(bytes, step);
  return 0;
}
