// SPDX-License-Identifier: Apache-2.0
#include "server/h1_input.h"

#include <algorithm>
#include <utility>

#include "base/deadline.h"
#include "server/limits.h"

namespace sluice::server {

using http::h1::ParseState;

void H1Input::start(http::Request& request) {
  parser_.start(request);
  received_ = 0;
  finished_ = true;
  broken_ = false;
}

http::h1::RequestParser::ParseResult H1Input::parse() {
  const auto progress = parser_.parse(buffer_.unread());
  buffer_.consume(progress.consumed);
  received_ += progress.consumed;
  return progress;
}

// Returns 0 if the client ended its side.
Task<Result<std::size_t>> H1Input::read_more() {
  const std::size_t capacity = buffer_.capacity_for(kReadBytes);
  if (buffer_memory_.try_set(capacity, kConnectionSpareBytes) != MemoryRefusal::none)
    co_return fail(ErrorKind::unavailable, "no memory for what the client sends");
  auto count = co_await stream_.read_some(buffer_.room(kReadBytes));
  if (count) buffer_.filled(*count);
  co_return count;
}

Task<bool> H1Input::wait(Duration patience) {
  if (has_bytes()) co_return true;
  stream_.set_deadline(deadline_after(patience));
  const auto count = co_await stream_.read_into(*this);
  silent_ = !count && count.error().kind == ErrorKind::timed_out;
  if (!count || *count == 0) co_return false;
  buffer_.filled(*count);
  co_return true;
}

Task<bool> H1Input::becomes(std::string_view text, Duration patience) {
  stream_.set_deadline(deadline_after(patience));
  while (may_become(text) && unread().size() < text.size()) {
    const auto count = co_await read_more();
    if (!count || *count == 0) co_return false;
  }
  co_return may_become(text);
}

Task<H1Input::Head> H1Input::read_head(Duration patience) {
  for (bool first = true;; first = false) {
    const auto progress = parse();
    if (progress.state == ParseState::head) {
      finished_ = !parser_.has_body();
      co_return Head::complete;
    }
    if (progress.state == ParseState::refused) co_return Head::refused;
    if (first) stream_.set_deadline(deadline_after(patience));  // most heads arrive whole
    const auto count = co_await read_more();
    if (!count && count.error().kind == ErrorKind::timed_out) co_return Head::timed_out;
    if (!count && count.error().kind == ErrorKind::unavailable) co_return Head::no_memory;
    if (!count || *count == 0) co_return Head::ended;
  }
}

Task<Result<void>> H1Input::read_more_body() {
  stream_.set_deadline(progress_.begin(Clock::now()));
  const auto count = co_await read_more();
  progress_.end(Clock::now(), count.value_or(0));
  if (!count && count.error().kind == ErrorKind::timed_out)
    co_return fail(ErrorKind::timed_out, "the client sent the body too slowly");
  if (!count && count.error().kind == ErrorKind::unavailable)
    co_return std::unexpected(std::move(count).error());
  if (!count || *count == 0)
    co_return fail(ErrorKind::closed, "the client closed the connection within the body");
  co_return Result<void>();
}

Task<Result<std::string_view>> H1Input::read_body() {
  while (!finished_) {
    const auto progress = parse();
    if (progress.state == ParseState::body) co_return progress.body;
    if (progress.state == ParseState::done) break;
    if (progress.state == ParseState::refused) {
      broken_ = true;
      co_return fail(ErrorKind::invalid, parser_.refusal().reason);
    }
    auto more = co_await read_more_body();
    if (!more) {
      broken_ = true;
      co_return std::unexpected(std::move(more).error());
    }
  }
  finished_ = true;
  co_return std::string_view();
}

Task<Result<std::string_view>> H1Input::read_upgraded(Duration patience) {
  buffer_.consume(std::exchange(lent_, 0));
  if (!has_bytes()) {
    stream_.set_deadline(Clock::now() + patience);
    auto count = co_await read_more();
    if (!count) co_return std::unexpected(std::move(count).error());
  }
  lent_ = unread().size();
  received_ += lent_;
  co_return unread();
}

class H1Input::BodyStream final : public http::BodyReader {
 public:
  explicit BodyStream(H1Input& input) : input_(input) {}
  Task<Result<std::string_view>> read() override { return input_.read_body(); }
  std::unique_ptr<http::Headers> take_trailers() override { return input_.take_trailers(); }

 private:
  H1Input& input_;
};

std::unique_ptr<http::BodyReader> H1Input::body() { return std::make_unique<BodyStream>(*this); }

Task<bool> H1Input::skip_body() {
  std::size_t skipped = 0;
  while (!finished_) {
    const auto chunk = co_await read_body();
    if (!chunk) co_return false;
    skipped += chunk->size();
    if (skipped > kDrainBytesMax) co_return false;
  }
  co_return true;
}

// Waits with the small buffer: most clients end their side at once.
Task<void> H1Input::linger(Duration patience) {
  buffer_.consume(unread().size());
  const TimePoint end = Clock::now() + kLingerTimeMax;
  const bool more = co_await wait(patience);
  if (!more) co_return;
  for (std::uint64_t read = 0; read < kLingerBytesMax;) {
    read += unread().size();
    buffer_.consume(unread().size());
    stream_.set_deadline(std::min(end, Clock::now() + kLingerUploadTimeout));
    const auto count = co_await read_more();
    if (!count || *count == 0) co_return;
  }
}

}  // namespace sluice::server
