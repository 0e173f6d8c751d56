// SPDX-License-Identifier: Apache-2.0
// FileTaker: a Stream that can send the bytes of a file, so that they do not pass through this
// process. A stream of TCP is one; one of TLS is none. Core-bound.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "net/stream.h"

namespace sluice::net {

class FileTaker {
 public:
  class Write;
  virtual ~FileTaker() = default;
  // Null: `stream` cannot send files.
  [[nodiscard]] static FileTaker* of(Stream& stream) { return dynamic_cast<FileTaker*>(&stream); }

  // co_await: Result<std::size_t>. Sends `head`, and then bytes of an open file, and returns how
  // many bytes of both the peer has taken. 0: none until now; a wait for the peer is over, or the
  // file has ended. The kernel waits for the disk if the file's bytes are not in memory. Errors: as
  // of Stream::read_some(), and `internal`: the file cannot be sent so, nothing was sent, and the
  // stream goes on. It is a write of the stream: only one is pending at a time.
  [[nodiscard]] Write write_file(std::string_view head, int file, std::uint64_t offset,
                                 std::size_t size);

 protected:
  [[nodiscard]] virtual Stream& stream() = 0;
  // As the functions of Stream that start an operation.
  virtual bool start_write_file(const Write& write, Stream::Operation& operation) = 0;
};

class FileTaker::Write : public Stream::Started<Write> {
 public:
  Write(FileTaker& taker, std::string_view its_head, int its_file, std::uint64_t its_offset,
        std::size_t its_size)
      : Started(taker.stream()),
        head(its_head),
        file(its_file),
        offset(its_offset),
        size(its_size),
        taker_(taker) {}
  bool start() { return taker_.start_write_file(*this, *this); }
  Result<std::size_t> await_resume() { return std::move(result); }

  const std::string_view head;
  const int file;
  const std::uint64_t offset;
  const std::size_t size;

 private:
  FileTaker& taker_;
};

inline FileTaker::Write FileTaker::write_file(std::string_view head, int file, std::uint64_t offset,
                                              std::size_t size) {
  return {*this, head, file, offset, size};
}

}  // namespace sluice::net
