// SPDX-License-Identifier: Apache-2.0
#include "server/h1_output.h"

#include <algorithm>
#include <utility>

#include "base/deadline.h"
#include "server/limits.h"
#include "server/progress.h"
#include "server/watched.h"

namespace sluice::server {

using http::h1::Framing;

namespace {

Task<void> read_into(http::BodyReader& reader, Result<std::string_view>& out) {
  out = co_await reader.read();
}

Task<void> fetch_from(http::FileSource& file, bool& fetched) { fetched = co_await file.fetch(); }

}  // namespace

Task<bool> H1Output::finish_early() {
  sent_ += early_.sent();
  co_return co_await early_.finish();
}

void H1Output::start_response(const http::Response& response, const http::h1::ResponseFraming& head,
                              Duration patience) {
  patience_ = patience;
  out_.clear();
  http::h1::append_response_head(out_, response, head);
  early_.trim(out_);
}

Task<bool> H1Output::write_head() { return write(out_); }

Task<bool> H1Output::write(std::string_view bytes) {
  sent_ += bytes.size();
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, kProgressBytes);
    bytes.remove_prefix(part.size());
    stream_.set_deadline(deadline_after(patience_));
    const auto written = co_await stream_.write_all(part);
    if (!written) co_return false;
  }
  co_return true;
}

Task<bool> H1Output::write_whole(const http::Body* body, Framing framing) {
  if (body == nullptr) return write(out_);
  const std::string_view bytes = body->bytes();
  std::string tail;
  if (framing == Framing::chunked) {
    if (!bytes.empty()) {
      http::h1::append_chunk_size(out_, bytes.size());
      tail = "\r\n";
    }
    http::h1::append_last_chunk(tail, body->trailers());
  }
  if (bytes.size() > kJoinBytesMax) return write_parts(bytes, std::move(tail));
  out_.append(bytes).append(tail);
  return write(out_);
}

Task<bool> H1Output::write_parts(std::string_view body, std::string tail) {
  bool sent = co_await write(out_);
  if (sent) sent = co_await write(body);
  if (sent && !tail.empty()) sent = co_await write(tail);
  co_return sent;
}

// Appends a piece of a body as it goes on the wire. Returns true if it is the last.
bool H1Output::append_piece(std::string_view piece, http::BodyReader& reader, Framing framing,
                            bool trailers) {
  const bool last = piece.empty();
  if (framing != Framing::chunked) {
    out_ += piece;
  } else if (last) {
    auto fields = reader.take_trailers();
    if (!trailers) fields.reset();
    http::h1::append_last_chunk(out_, fields.get());
  } else {
    http::h1::append_chunk(out_, piece);
  }
  return last;
}

// Gets the next bytes of a file from the disk. Returns false if the client has left.
Task<bool> H1Output::fetch(http::FileSource& file, bool& fetched) {
  auto fetching = watched(stream_, early_, EarlyOutput::Question::none, fetch_from(file, fetched));
  fetching.start();
  bool there = true;
  if (!fetching.done() && !out_.empty()) {  // the head does not wait for the disk
    there = co_await write(out_);
    out_.clear();
  }
  if (there) there = co_await fetching;
  co_return there;
}

Task<H1Output::FileWritten> H1Output::write_file(http::FileSource& file) {
  Progress progress(patience_);
  while (true) {
    const http::FileBytes bytes = file.at_hand();
    if (bytes.size == 0) {
      bool fetched = false;
      const bool there = co_await fetch(file, fetched);
      if (!there) co_return FileWritten::no_more;
      if (!fetched) co_return FileWritten::in_part;
      continue;
    }
    stream_.set_deadline(progress.begin(Clock::now()));
    const auto count = co_await files_->write_file(out_, bytes.file, bytes.offset, bytes.size);
    if (!count) {
      const bool usable = count.error().kind == ErrorKind::internal;
      co_return usable ? FileWritten::in_part : FileWritten::no_more;
    }
    progress.end(Clock::now(), *count);
    sent_ += *count;
    const std::size_t head = std::min(out_.size(), *count);
    out_.erase(0, head);
    file.sent(*count - head);
    if (file.is_sent()) co_return FileWritten::all;
  }
}

Task<Result<bool>> H1Output::write_stream(http::BodyReader& reader, Framing framing,
                                          bool trailers) {
  if (framing == Framing::content_length && files_ != nullptr) {
    if (http::FileSource* const file = http::FileSource::of(reader); file != nullptr) {
      const FileWritten written = co_await write_file(*file);
      if (written != FileWritten::in_part) co_return written == FileWritten::all;
    }
  }
  co_return co_await write_pieces(reader, framing, trailers);
}

Task<Result<bool>> H1Output::write_pieces(http::BodyReader& reader, Framing framing,
                                          bool trailers) {
  using Question = EarlyOutput::Question;
  const Question question = framing == Framing::chunked ? Question::chunk : Question::none;
  bool last = false;
  while (!last) {
    Result<std::string_view> piece;
    auto reading = watched(stream_, early_, question, read_into(reader, piece));
    reading.start();
    bool there = true;
    if (!reading.done() && !out_.empty()) {  // the head does not wait for a slow body
      there = co_await write(out_);
      out_.clear();
    }
    if (there) there = co_await reading;
    if (there && early_.sent() > 0) there = co_await finish_early();
    if (!there) co_return false;
    std::string_view bytes;
    if (!piece) {  // cut short: no last chunk
      last = true;
    } else if (out_.empty() && framing != Framing::chunked) {
      last = piece->empty();
      bytes = *piece;
    } else {
      last = append_piece(*piece, reader, framing, trailers);
    }
    if (bytes.empty()) bytes = out_;
    there = co_await write(bytes);
    out_.clear();
    if (!piece) co_return std::unexpected(std::move(piece).error());
    if (!there) co_return false;
  }
  co_return true;
}

}  // namespace sluice::server
