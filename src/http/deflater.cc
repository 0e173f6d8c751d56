// SPDX-License-Identifier: Apache-2.0
#include "http/deflater.h"

#include <zlib.h>

#include <algorithm>
#include <new>

namespace sluice::http {
namespace {

// Most of the highest level's savings, at a third of its time.
constexpr int kLevel = 5;
constexpr int kWindowBits = 15 + 16;  // the largest window; + 16: gzip
constexpr int kMemoryLevel = 8;
constexpr std::size_t kGrow = 16 * 1024;

int to_zlib(Deflater::Flush flush) {
  switch (flush) {
    case Deflater::Flush::none:
      return Z_NO_FLUSH;
    case Deflater::Flush::sync:
      return Z_SYNC_FLUSH;
    case Deflater::Flush::finish:
      return Z_FINISH;
  }
  return Z_NO_FLUSH;
}

}  // namespace

// deflateInit2 fails only if memory is exhausted.
Deflater::Deflater() : stream_(std::make_unique<z_stream>()) {
  const int status =
      deflateInit2_(stream_.get(), kLevel, Z_DEFLATED, kWindowBits, kMemoryLevel,
                    Z_DEFAULT_STRATEGY, ZLIB_VERSION, static_cast<int>(sizeof(z_stream)));
  if (status != Z_OK) throw std::bad_alloc();
}

Deflater::~Deflater() { deflateEnd(stream_.get()); }

void Deflater::feed(std::string_view bytes, Flush flush, std::string& out) {
  // zlib does not write to its input, although the type is not const.
  stream_->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream_->avail_in = static_cast<uInt>(bytes.size());
  do {
    const std::size_t before = out.size();
    out.resize(before + kGrow);
    stream_->next_out = reinterpret_cast<Bytef*>(out.data() + before);
    stream_->avail_out = static_cast<uInt>(kGrow);
    (void)deflate(stream_.get(), to_zlib(flush));
    out.resize(before + kGrow - stream_->avail_out);
  } while (stream_->avail_out == 0);
}

void Deflater::reset() { deflateReset(stream_.get()); }

}  // namespace sluice::http
