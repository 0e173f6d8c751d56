// SPDX-License-Identifier: Apache-2.0
// H1Output: the responses of an HTTP/1 connection as bytes to its client. The head and a small body
// are one write; a streamed body is written as it comes, and a file goes from the kernel's memory
// to a client without TLS. Core-bound.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "http/body.h"
#include "http/file_source.h"
#include "http/h1/serializer.h"
#include "http/message.h"
#include "loop/task.h"
#include "net/file_taker.h"
#include "net/stream.h"
#include "server/early_output.h"

namespace sluice::server {

class H1Output {
 public:
  // Requires: `stream` outlives this.
  explicit H1Output(net::Stream& stream)
      : stream_(stream), files_(net::FileTaker::of(stream)), early_(stream) {}

  // The output for a request before its response.
  [[nodiscard]] EarlyOutput& early() { return early_; }
  // A request begins.
  void start() { sent_ = 0; }
  // Returns the bytes sent for the request.
  [[nodiscard]] std::uint64_t sent() const { return sent_; }
  // Gives back memory. Requires: no write is pending.
  void rest() { std::string().swap(out_); }  // an assignment would keep the memory

  // The functions that return a Task<bool>: false if the client has left or receives too slowly.

  // Waits until the early output is sent.
  Task<bool> finish_early();
  // Begins a response with its head, less what was sent of it early. `patience`: the time that the
  // client has for every kProgressBytes.
  void start_response(const http::Response& response, const http::h1::ResponseFraming& head,
                      Duration patience);
  // Writes the head and then `body`; null: no body.
  Task<bool> write_whole(const http::Body* body, http::h1::Framing framing);
  // Writes the head and then the body that `reader` reads. `trailers`: the client accepts them.
  // Error: the body broke off, and the bytes before are written.
  Task<Result<bool>> write_stream(http::BodyReader& reader, http::h1::Framing framing,
                                  bool trailers);
  // Writes the head alone: bytes of another protocol follow.
  Task<bool> write_head();
  Task<bool> write(std::string_view bytes);

 private:
  // How far the bytes of a file went.
  enum class FileWritten : std::uint8_t {
    all,
    in_part,  // the reader of the body has the rest, or its error
    no_more,  // the client has left or receives too slowly
  };
  // Requires: `files_` is not null.
  Task<FileWritten> write_file(http::FileSource& file);
  Task<bool> fetch(http::FileSource& file, bool& fetched);
  Task<Result<bool>> write_pieces(http::BodyReader& reader, http::h1::Framing framing,
                                  bool trailers);
  Task<bool> write_parts(std::string_view body, std::string tail);
  bool append_piece(std::string_view piece, http::BodyReader& reader, http::h1::Framing framing,
                    bool trailers);

  net::Stream& stream_;
  net::FileTaker* const files_;  // null: the stream takes none
  EarlyOutput early_;
  std::string out_;
  std::uint64_t sent_ = 0;
  Duration patience_{};
};

}  // namespace sluice::server
