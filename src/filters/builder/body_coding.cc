// SPDX-License-Identifier: Apache-2.0
#include "filters/builder/body_coding.h"

#include <array>

#include "base/text.h"
#include "filters/builder/rendering.h"
#include "http/body_change.h"
#include "http/body_memory.h"
#include "http/cache_control.h"
#include "http/deflater.h"
#include "http/inflater.h"
#include "http/withheld_trailers.h"

namespace sluice::filters {
namespace {

using pipeline::Exchange;
using pipeline::kBuilderBodyBytesMax;

class Compressing final : public http::BodyChange {
 public:
  Result<void> change(std::string_view piece, std::string& out) override {
    deflater_.feed(piece, http::Deflater::Flush::none, out);
    return {};
  }
  Result<void> finish(std::string& out) override {
    deflater_.feed("", http::Deflater::Flush::finish, out);
    return {};
  }

 private:
  http::Deflater deflater_;
};

class Decompressing final : public http::BodyChange {
 public:
  Result<void> change(std::string_view piece, std::string& out) override {
    return inflater_.feed(piece, out);
  }
  Result<void> finish(std::string& /*out*/) override { return inflater_.finish(); }

 private:
  http::Inflater inflater_{kBuilderBodyBytesMax};
};

// A part of a body cannot be changed alone.
bool is_partial(const http::Headers& headers) { return headers.contains("Content-Range"); }

// The coding of the body, in lower case; "" for none.
std::string coding_of(const http::Headers& headers) {
  const std::string coding = lower_case(http::combined(headers, "Content-Encoding"));
  return coding == "identity" ? "" : coding;
}

Task<Result<void>> recode(Exchange& exchange, http::Headers& headers, http::Body& body,
                          std::unique_ptr<http::BodyChange> change) {
  auto whole = co_await make_whole(exchange, body);
  if (!whole) co_return whole;
  if (body.bytes().empty()) co_return Result<void>{};
  auto changed = co_await http::change_body(exchange.loop(), body, std::move(change));
  if (!changed) co_return changed;
  forget_body(headers, body);
  co_return charge_body(exchange, body);
}

}  // namespace

Result<void> charge_body(Exchange& exchange, http::Body& body) {
  const std::size_t bytes = body.bytes().size();
  if (bytes > kBuilderBodyBytesMax)
    return fail(ErrorKind::too_large,
                "the body is longer than " + std::to_string(kBuilderBodyBytesMax) + " bytes");
  if (!exchange.memory || bytes == 0) return {};
  auto charge = std::make_shared<http::BodyCharge>(exchange.memory, MemoryUse::builder_bodies);
  if (!charge->try_set(bytes)) return fail(ErrorKind::unavailable, "no memory for the body");
  body.hold_charge(std::move(charge));
  return {};
}

void forget_body(http::Headers& headers, http::Body& body) {
  constexpr std::array<std::string_view, 8> kOfTheBytes = {
      "Content-Encoding", "Content-MD5", "Digest",        "Content-Digest",
      "Repr-Digest",      "ETag",        "Accept-Ranges", "Content-Range"};
  for (const std::string_view name : kOfTheBytes) {
    headers.remove(name);
    http::withhold_trailer(body, name);
  }
}

Task<Result<void>> compress_body(Exchange& exchange, http::Headers& headers, http::Body& body) {
  if (is_partial(headers) || !coding_of(headers).empty()) co_return Result<void>{};
  auto done = co_await recode(exchange, headers, body, std::make_unique<Compressing>());
  if (done && !body.bytes().empty()) headers.set("Content-Encoding", "gzip");
  co_return done;
}

Task<Result<void>> decompress_body(Exchange& exchange, http::Headers& headers, http::Body& body) {
  const std::string coding = coding_of(headers);
  const bool gzip = coding == "gzip" || coding == "x-gzip";
  if (is_partial(headers) || !gzip) co_return Result<void>{};
  co_return co_await recode(exchange, headers, body, std::make_unique<Decompressing>());
}

}  // namespace sluice::filters
