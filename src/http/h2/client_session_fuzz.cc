// SPDX-License-Identifier: Apache-2.0
// Invariants, for any bytes of a server and any cut: a stream that has ended gets no event, a
// stream ends at most once, and content never exceeds its window.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "http/h2/client_session.h"

namespace {

using namespace sluice::http;
using namespace sluice::http::h2;

constexpr ClientLimits kLimits{.header_list_bytes_max = 2048,
                               .fields_max = 20,
                               .stream_window_bytes = 65535,
                               .connection_window_bytes = 100'000,
                               .concurrent_streams_max = 4};

void require(bool holds) {
  if (!holds) std::abort();
}

class Probe final : public ClientStream {
 public:
  Response& response() override { return response_; }
  void on_head(std::optional<std::uint64_t>, bool) override {
    require(!closed_ && !has_head_ && response_.status >= 200);
    require(response_.headers.size() <= kLimits.fields_max);
    has_head_ = true;
  }
  void on_data(std::string_view bytes) override {
    require(!closed_ && has_head_ && !ended_);
    unread_ += bytes.size();
    require(unread_ <= static_cast<std::size_t>(kLimits.stream_window_bytes));
  }
  void on_trailers(std::unique_ptr<Headers> trailers) override {
    require(!closed_ && has_head_ && !ended_ && trailers->size() <= kLimits.fields_max);
  }
  void on_end() override {
    require(!closed_ && has_head_ && !ended_);
    ended_ = true;
  }
  void on_close(ErrorCode) override {
    require(!closed_);
    closed_ = true;
  }
  SessionStream::Offer offer() override { return {left_, true}; }
  std::string_view take(std::size_t size) override {
    left_ -= size;
    return std::string_view("request content").substr(0, size);
  }
  const Headers* trailers() override { return nullptr; }

 private:
  Response response_;
  std::size_t unread_ = 0;
  std::size_t left_ = 15;
  bool has_head_ = false;
  bool ended_ = false;
  bool closed_ = false;
};

}  // namespace

// The first byte selects the size of the pieces.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t piece = data[0] + std::size_t{1};
  Probe streams[3];
  ClientSession session(kLimits);
  Request request;
  request.method = "POST";
  request.escaped_path = "/";
  request.body.assign("request content");
  for (Probe& stream : streams) (void)session.open(stream, request, {.host = "shop"}, false, true);
  std::string out;
  session.produce(out, 1 << 20);
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    session.receive(bytes.substr(at, piece));
    out.clear();
    session.produce(out, 1 << 20);
  }
  return 0;
}
