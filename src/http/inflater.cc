// SPDX-License-Identifier: Apache-2.0
#include "http/inflater.h"

#include <zlib.h>

#include <algorithm>
#include <new>

namespace sluice::http {
namespace {

constexpr int kGzipWindowBits = 15 + 16;  // the largest window; + 16: gzip
constexpr std::size_t kInflateGrow = 16 * 1024;

}  // namespace

// inflateInit2 fails only if memory is exhausted.
Inflater::Inflater(std::size_t bytes_max)
    : stream_(std::make_unique<z_stream>()), left_(bytes_max) {
  const int status = inflateInit2_(stream_.get(), kGzipWindowBits, ZLIB_VERSION,
                                   static_cast<int>(sizeof(z_stream)));
  if (status != Z_OK) throw std::bad_alloc();
}

Inflater::~Inflater() { inflateEnd(stream_.get()); }

Result<void> Inflater::feed(std::string_view bytes, std::string& out) {
  // zlib does not write to its input, although the type is not const.
  stream_->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream_->avail_in = static_cast<uInt>(bytes.size());
  bool full = false;
  while (stream_->avail_in > 0 || full) {
    if (whole_) {
      inflateReset(stream_.get());
      whole_ = false;
    }
    const std::size_t before = out.size();
    const std::size_t room = std::min(kInflateGrow, left_ + 1);  // one more: to notice the excess
    out.resize(before + room);
    stream_->next_out = reinterpret_cast<Bytef*>(out.data() + before);
    stream_->avail_out = static_cast<uInt>(room);
    const int status = inflate(stream_.get(), Z_NO_FLUSH);
    const std::size_t made = room - stream_->avail_out;
    out.resize(before + made);
    if (made > left_) return fail(ErrorKind::too_large, "the decompressed body is too long");
    left_ -= made;
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
      return fail(ErrorKind::invalid, "the body is not gzip");
    whole_ = status == Z_STREAM_END;
    full = stream_->avail_out == 0 && !whole_;
  }
  return {};
}

Result<void> Inflater::finish() const {
  if (whole_) return {};
  return fail(ErrorKind::invalid, "the body ends before its gzip does");
}

}  // namespace sluice::http
