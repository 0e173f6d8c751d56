// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/compression.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "http/announced_body.h"
#include "http/body_memory.h"
#include "http/cache_control.h"
#include "http/content_coding.h"
#include "http/withheld_trailers.h"
#include "loop/event_loop.h"

namespace sluice::filters {
namespace {

// About half a millisecond of work.
constexpr std::size_t kPieceBytes = std::size_t{32} * 1024;

// Memory of a stream that is being compressed: zlib's state, and a piece of the result.
constexpr std::size_t kStreamBytes = (268 + 32) * std::size_t{1024};

class CompressionPermit {
 public:
  explicit CompressionPermit(std::shared_ptr<std::size_t> permits) : permits_(std::move(permits)) {
    --*permits_;
  }
  CompressionPermit(CompressionPermit&&) = default;
  CompressionPermit& operator=(CompressionPermit&&) = delete;
  ~CompressionPermit() {
    if (permits_) ++*permits_;
  }

 private:
  std::shared_ptr<std::size_t> permits_;
};

constexpr std::array<std::string_view, 4> kDigests = {"Content-MD5", "Digest", "Content-Digest",
                                                      "Repr-Digest"};

// The digests do not hold for the compressed body, nor does a strong tag.
void withhold_validators(http::Body& body) {
  for (const std::string_view name : kDigests) http::withhold_trailer(body, name);
  http::withhold_trailer(body, "ETag");
}

// Invariant: each piece can be decoded once it has been read, so no byte that the backend has sent
// waits inside.
class GzipBody final : public http::BodyReader {
 public:
  GzipBody(loop::EventLoop& loop, http::Body source, CompressionPermit permit,
           std::shared_ptr<MemoryHolder> memory)
      : loop_(loop), permit_(std::move(permit)), source_(std::move(source)) {
    if (memory) charge_.emplace(std::move(memory));
    if (charge_) charge_->set(kStreamBytes);
  }

  std::unique_ptr<http::Headers> take_trailers() override {
    return source_.reader()->take_trailers();
  }
  Task<Result<std::string_view>> read() override {
    out_.clear();
    if (ended_) co_return std::string_view();
    if (rest_.empty()) {
      auto piece = co_await source_.reader()->read();
      if (!piece) co_return std::unexpected(std::move(piece).error());
      rest_ = *piece;
      ended_ = rest_.empty();
    } else {
      co_await loop_.yield();
    }
    const std::string_view now = rest_.substr(0, kPieceBytes);
    rest_.remove_prefix(now.size());
    deflater_.feed(now, ended_ ? http::Deflater::Flush::finish : http::Deflater::Flush::sync, out_);
    co_return std::string_view(out_);
  }

 private:
  loop::EventLoop& loop_;
  CompressionPermit permit_;
  http::Body source_;
  http::Deflater deflater_;
  std::string_view rest_;  // of the current piece of the source
  std::string out_;
  bool ended_ = false;
  std::optional<http::BodyCharge> charge_;
};

bool has_prefix(std::string_view text, std::string_view prefix) {
  return http::iequals(text.substr(0, prefix.size()), prefix);
}

// Whether the content of this type is compressed already.
bool is_packed(std::string_view type) {
  constexpr std::array<std::string_view, 13> kPacked = {
      "image/",
      "audio/",
      "video/",
      "font/woff",
      "application/gzip",
      "application/x-gzip",
      "application/zip",
      "application/zstd",
      "application/x-7z-compressed",
      "application/x-bzip2",
      "application/x-xz",
      "application/vnd.rar",
      "application/pdf",
  };
  if (has_prefix(type, "image/svg") || has_prefix(type, "image/bmp")) return false;
  return std::ranges::any_of(kPacked, [&](auto prefix) { return has_prefix(type, prefix); });
}

// RFC 9110 section 8.4: the codings of all fields, in the order in which they were applied.
bool is_encoded(const http::Headers& headers) {
  bool encoded = false;
  http::for_each_element(http::combined(headers, "Content-Encoding"), [&](std::string_view coding) {
    encoded = encoded || !http::iequals(coding, "identity");
  });
  return encoded;
}

bool may_transform(const http::Request& request, const http::Response& response) {
  return !http::parse_cache_control(response.headers).no_transform &&
         !http::parse_cache_control(request.headers).no_transform;
}

bool has_digest(const http::Headers& headers) {
  return std::ranges::any_of(kDigests, [&](auto name) { return headers.contains(name); });
}

void add_vary(http::Headers& headers) {
  const std::string names = http::combined(headers, "Vary");
  if (!http::list_contains(names, "*") && !http::list_contains(names, "Accept-Encoding"))
    headers.add("Vary", "Accept-Encoding");
}

// RFC 9110 section 8.8.3: the bytes differ from those that a strong tag stands for.
void weaken_tag(http::Headers& headers) {
  const auto tag = headers.get("ETag");
  if (tag && tag->starts_with('"')) headers.set("ETag", "W/" + std::string(*tag));
}

// Adjusts the fields of a response whose body is sent compressed.
void mark_compressed(http::Headers& headers) {
  weaken_tag(headers);
  headers.remove("Accept-Ranges");
  headers.set("Content-Encoding", "gzip");
}

// RFC 9110 section 15.4.5: a 304 has the Vary and the ETag of the 200 that the client would get.
// The client's own tag tells whether that 200 is compressed; the 304 does not.
void match_compressed(const http::Request& request, http::Response& response) {
  http::Headers& headers = response.headers;
  if (is_encoded(headers) || is_packed(headers.get("Content-Type").value_or("")) ||
      !may_transform(request, response))
    return;
  add_vary(headers);
  if (!http::accepts_gzip(request.headers)) return;
  const auto tag = headers.get("ETag");
  bool plain = false;
  http::for_each_element(http::combined(request.headers, "If-None-Match"),
                         [&](std::string_view held) { plain = plain || held == tag; });
  if (plain) return;
  weaken_tag(headers);
  headers.remove("Accept-Ranges");
}

}  // namespace

bool compressible(const http::Request& request, const http::Response& response,
                  const CompressionSpec& spec) {
  const int status = response.status;
  if (status < 200 || status == 204 || status == 205 || status == 206 || status == 304)
    return false;
  const http::Headers& headers = response.headers;
  if (headers.contains("Content-Range") || has_digest(headers)) return false;
  if (is_encoded(headers)) return false;
  if (is_packed(headers.get("Content-Type").value_or(""))) return false;
  const auto length = response.body.length();
  if (length && (*length == 0 || *length < spec.min_length)) return false;
  return may_transform(request, response);
}

Compression::Compression(const loop::Core& core, const CompressionSpec& spec)
    : core_(core),
      spec_(spec),
      permits_(std::make_shared<std::size_t>((spec.max_streams + core.count - 1) / core.count)) {}

Task<bool> Compression::apply(const http::Request& request, http::Response& response,
                              std::shared_ptr<MemoryHolder> memory) {
  if (response.status == 304) match_compressed(request, response);
  if (!compressible(request, response, spec_)) co_return false;
  add_vary(response.headers);
  if (!http::accepts_gzip(request.headers)) co_return false;
  if (request.method == "HEAD") {  // RFC 9110 section 9.3.2: the fields that GET would have
    mark_compressed(response.headers);
    response.body = http::Body(std::make_unique<http::AnnouncedBody>(), std::nullopt);
    co_return false;
  }
  const bool at_once = !response.body.is_stream() && response.body.bytes().size() <= kPieceBytes;
  if (!at_once && *permits_ == 0) co_return false;
  mark_compressed(response.headers);
  withhold_validators(response.body);
  if (!response.body.is_stream()) {
    co_await compress_whole(response);
  } else {
    const bool may_be_held = response.body.may_be_held();
    response.body = http::Body(
        std::make_unique<GzipBody>(core_.loop, std::exchange(response.body, http::Body()),
                                   CompressionPermit(permits_), std::move(memory)),
        std::nullopt);
    if (may_be_held) response.body.let_be_held();
  }
  co_return true;
}

Task<void> Compression::compress_whole(http::Response& response) {
  auto trailers = response.body.take_trailers();
  std::string out = co_await compressed(response.body.bytes());
  response.body.assign(std::move(out));
  response.body.set_trailers(std::move(trailers));
}

Task<std::string> Compression::compressed(std::string_view bytes) {
  std::string out;
  if (bytes.size() <= kPieceBytes) {
    if (!small_) small_ = std::make_unique<http::Deflater>();
    small_->feed(bytes, http::Deflater::Flush::finish, out);
    small_->reset();
    co_return out;
  }
  const CompressionPermit permit(permits_);
  http::Deflater deflater;
  for (std::size_t at = 0; at < bytes.size(); at += kPieceBytes) {
    if (at > 0) co_await core_.loop.yield();
    const bool last = at + kPieceBytes >= bytes.size();
    deflater.feed(bytes.substr(at, kPieceBytes),
                  last ? http::Deflater::Flush::finish : http::Deflater::Flush::none, out);
  }
  co_return out;
}

}  // namespace sluice::filters
