// SPDX-License-Identifier: Apache-2.0
#include "server/early_output.h"

#include <utility>

#include "http/h1/serializer.h"
#include "loop/join.h"
#include "server/limits.h"

namespace sluice::server {

namespace {

constexpr std::string_view kStatusLineStart = "HTTP/1.1 ";
constexpr std::string_view kChunkStart = "0";  // a leading zero of its size (RFC 9112 section 7.1)

}  // namespace

void EarlyOutput::open(bool takes_interim, Duration patience) {
  takes_interim_ = takes_interim;
  patience_ = patience;
  sent_ = ahead_ = 0;
  broken_ = false;
}

void EarlyOutput::send_interim(int status, const http::Headers& headers) {
  if (!takes_interim_ || !http::is_passed_on_interim(status)) return;
  std::string head;
  http::h1::append_interim(head, status, headers);
  if (sent_ + head.size() > kInterimBytesMax) return;
  trim(head);
  write(head);
}

void EarlyOutput::ask(Question question) {
  if (question == Question::chunk) write(kChunkStart);
  if (question != Question::status_line || ahead_ > 0) return;
  ahead_ = kStatusLineStart.size();
  write(kStatusLineStart);
}

void EarlyOutput::trim(std::string& head) { head.erase(0, std::exchange(ahead_, 0)); }

void EarlyOutput::write(std::string_view bytes) {
  if (broken_) return;
  sent_ += bytes.size();
  waiting_ += bytes;
  if (writing_.valid() && !writing_.done()) return;
  writing_ = write_all();
  writing_.start();
}

Task<void> EarlyOutput::write_all() {
  while (!waiting_.empty() && !broken_) {
    at_hand_.clear();
    at_hand_.swap(waiting_);
    stream_.set_deadline(Clock::now() + patience_);
    const auto written = co_await stream_.write_all(at_hand_);
    broken_ = !written;
  }
}

Task<bool> EarlyOutput::finish() {
  sent_ = 0;
  co_await loop::Join(writing_);
  writing_.reset();
  std::string().swap(waiting_);
  std::string().swap(at_hand_);
  co_return !broken_;
}

}  // namespace sluice::server
