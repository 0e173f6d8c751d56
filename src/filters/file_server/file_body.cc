// SPDX-License-Identifier: Apache-2.0
#include "filters/file_server/file_body.h"

#include <algorithm>
#include <utility>

#include "filters/file_server/disk.h"
#include "http/file_source.h"

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

// The bytes that are sent, and got from the disk, at once.
constexpr std::size_t kFileBytesAtHand = std::size_t{1} << 20;

class FileBody final : public http::BodyReader, public http::FileSource {
 public:
  FileBody(loop::EventLoop& loop, std::shared_ptr<loop::BlockingPool> pool, FilePart part,
           std::unique_ptr<http::BodyCharge> charge)
      : loop_(loop), pool_(std::move(pool)), part_(std::move(part)), charge_(std::move(charge)) {}

  Task<Result<std::string_view>> read() override {
    if (part_.size == 0) co_return std::string_view();
    if (!buffer_) {
      if (charge_) charge_->set(kFilePieceBytes);
      buffer_ = std::make_shared<std::string>(kFilePieceBytes, '\0');
    }
    auto filled = co_await fill(loop_, *pool_, part_, buffer_);
    if (!filled) co_return std::unexpected(std::move(filled).error());
    part_.offset += *filled;
    part_.size -= *filled;
    co_return std::string_view(*buffer_).substr(0, *filled);
  }

 private:
  [[nodiscard]] std::size_t next_size() const {
    return std::min<std::uint64_t>(part_.size, kFileBytesAtHand);
  }
  http::FileBytes at_hand() override {
    const std::size_t size = next_size();
    const bool fetched = std::exchange(fetched_, false);
    if (size == 0 || (!fetched && !in_memory(*part_.file, part_.offset, size))) return {};
    if (charge_ && !buffer_) charge_->set(0);  // no buffer is needed
    return {part_.file->get(), part_.offset, size};
  }
  Task<bool> fetch() override {
    if (part_.size == 0) co_return false;
    auto work = [file = part_.file, offset = part_.offset, size = next_size()] {
      return bring_into_memory(*file, offset, size);
    };
    auto task = pool_->run(loop_, std::move(work));
    const auto done = co_await std::move(task);
    fetched_ = done.value_or(false);
    co_return fetched_;
  }
  void sent(std::size_t size) override {
    part_.offset += size;
    part_.size -= size;
  }
  [[nodiscard]] bool is_sent() const override { return part_.size == 0; }

  loop::EventLoop& loop_;
  std::shared_ptr<loop::BlockingPool> pool_;
  FilePart part_;
  bool fetched_ = false;  // and not yet given to the output
  Buffer buffer_;         // shared with the work of the pool, which may outlive this
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
