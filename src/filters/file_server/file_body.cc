// SPDX-License-Identifier: Apache-2.0
#include "filters/file_server/file_body.h"

#include <algorithm>
#include <utility>

#include "filters/file_server/disk.h"

namespace sluice::filters {
namespace {

using Buffer = std::shared_ptr<std::string>;

// Fills the front of the buffer: from memory on this core, else on a thread that may wait. Returns
// the size.
Task<Result<std::size_t>> fill(loop::EventLoop& loop, loop::BlockingPool& pool, FilePart part,
                               Buffer buffer) {
  const std::size_t size = std::min<std::uint64_t>(part.size, buffer->size());
  DiskRead read = read_at(*part.file, part.offset, {buffer->data(), size}, DiskWait::never);
  if (read.answer == DiskAnswer::would_wait) {
    auto work = [part, buffer, size] {
      return read_at(*part.file, part.offset, {buffer->data(), size}, DiskWait::allowed);
    };
    auto task = pool.run(loop, std::move(work));
    auto done = co_await std::move(task);
    if (!done) co_return std::unexpected(std::move(done).error());
    read = *done;
  }
  if (read.answer != DiskAnswer::found)
    co_return fail(ErrorKind::internal, "a file cannot be read");
  if (read.size == 0 && size > 0)
    co_return fail(ErrorKind::internal, "a file has become shorter while it was sent");
  co_return read.size;
}

class FileBody final : public http::BodyReader {
 public:
  FileBody(loop::EventLoop& loop, std::shared_ptr<loop::BlockingPool> pool, FilePart part,
           std::unique_ptr<http::BodyCharge> charge)
      : loop_(loop), pool_(std::move(pool)), part_(std::move(part)), charge_(std::move(charge)) {}

  Task<Result<std::string_view>> read() override {
    if (part_.size == 0) co_return std::string_view();
    if (!buffer_) buffer_ = std::make_shared<std::string>(kFilePieceBytes, '\0');
    auto filled = co_await fill(loop_, *pool_, part_, buffer_);
    if (!filled) co_return std::unexpected(std::move(filled).error());
    part_.offset += *filled;
    part_.size -= *filled;
    co_return std::string_view(*buffer_).substr(0, *filled);
  }

 private:
  loop::EventLoop& loop_;
  std::shared_ptr<loop::BlockingPool> pool_;
  FilePart part_;
  Buffer buffer_;  // shared with the work of the pool, which may outlive this
  std::unique_ptr<http::BodyCharge> charge_;
};

}  // namespace

Task<Result<std::string>> read_whole(loop::EventLoop& loop, loop::BlockingPool& pool,
                                     FilePart part) {
  const auto buffer = std::make_shared<std::string>(part.size, '\0');
  std::string out;
  while (part.size > 0) {
    auto filled = co_await fill(loop, pool, part, buffer);
    if (!filled) co_return std::unexpected(std::move(filled).error());
    if (*filled == part.size && out.empty()) co_return std::move(*buffer);
    out.append(*buffer, 0, *filled);
    part.offset += *filled;
    part.size -= *filled;
  }
  co_return out;
}

std::unique_ptr<http::BodyReader> stream_file(loop::EventLoop& loop,
                                              std::shared_ptr<loop::BlockingPool> pool,
                                              FilePart part,
                                              std::unique_ptr<http::BodyCharge> charge) {
  return std::make_unique<FileBody>(loop, std::move(pool), std::move(part), std::move(charge));
}

}  // namespace sluice::filters
