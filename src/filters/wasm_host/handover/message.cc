// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/handover/message.h"

#include <algorithm>

#include "filters/wasm_host/results.h"

namespace sluice::filters {
namespace {

constexpr std::uint8_t kMessageFormat = 1;
constexpr int kStatusMin = 100;
constexpr int kStatusMax = 599;

class MessageWriter {
 public:
  template <class Number>
  MessageWriter& number(Number value) {
    for (std::size_t i = 0; i < sizeof(Number); ++i) {
      bytes_.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i)));
    }
    return *this;
  }
  MessageWriter& flag(bool value) { return number<std::uint8_t>(value ? 1 : 0); }
  MessageWriter& text(std::string_view text) {
    number(static_cast<std::uint32_t>(text.size()));
    bytes_.append(text);
    return *this;
  }
  MessageWriter& id(const store::RandomId& id) {
    bytes_.append(id.bytes.begin(), id.bytes.end());
    return *this;
  }
  MessageWriter& fields(const http::Headers& headers) {
    number(static_cast<std::uint32_t>(headers.size()));
    for (const http::Field& field : headers) text(field.name).text(field.value);
    return *this;
  }
  MessageWriter& head(const http::Request& request) {
    number(static_cast<std::uint8_t>(request.version));
    text(request.method).text(request.scheme).text(request.host).text(request.escaped_path);
    text(request.path).text(request.query).text(request.fragment).flag(request.has_query);
    return fields(request.headers);
  }
  MessageWriter& head(const http::Response& response) {
    return number(static_cast<std::uint16_t>(response.status)).fields(response.headers);
  }
  MessageWriter& body(CarriedBody what, const http::Body& body) {
    number(static_cast<std::uint8_t>(what));
    return what == CarriedBody::whole ? text(body.bytes()) : *this;
  }
  MessageWriter& some(const std::optional<std::string>& body) {
    flag(body.has_value());
    return body ? text(*body) : *this;
  }
  [[nodiscard]] std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Text that may stand in a line of HTTP.
bool is_plain(std::string_view text) {
  return std::ranges::none_of(
      text, [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; });
}

// Zero, empty text and failed(), once something is not as it should be. Invariant: nothing is
// allocated for bytes that have not come.
class MessageReader {
 public:
  explicit MessageReader(std::string_view bytes) : bytes_(bytes) {}

  template <class Number>
  Number number() {
    std::uint64_t value = 0;
    const std::string_view own = take(sizeof(Number));
    for (std::size_t i = 0; i < own.size(); ++i) {
      value |= std::uint64_t{static_cast<std::uint8_t>(own[i])} << (8 * i);
    }
    return static_cast<Number>(value);
  }
  // A number of 0 to `max`.
  std::uint64_t up_to(std::uint64_t max, std::uint64_t value) {
    check(value <= max);
    return failed_ ? 0 : value;
  }
  bool flag() { return up_to(1, number<std::uint8_t>()) == 1; }
  template <class Enum>
  Enum one_of(Enum last) {
    return static_cast<Enum>(up_to(static_cast<std::uint64_t>(last), number<std::uint8_t>()));
  }
  std::string text() { return std::string(take(number<std::uint32_t>())); }
  std::string plain() {
    std::string text = this->text();
    check(is_plain(text));
    return text;
  }
  store::RandomId id() {
    store::RandomId id;
    std::ranges::copy(take(id.bytes.size()), id.bytes.begin());
    return id;
  }
  void fields(http::Headers& headers) {
    const auto count = up_to(kHandedFieldsMax, number<std::uint32_t>());
    for (std::uint64_t i = 0; i < count && !failed_; ++i) {
      const std::string name = text();
      const std::string value = text();
      check(http::is_token(name) && http::is_field_value(value));
      if (!failed_) headers.add(name, value);
    }
  }
  void head(http::Request& request) {
    request.version = one_of(http::Version::http2);
    request.method = text();
    check(http::is_token(request.method));
    request.scheme = plain();
    request.host = plain();
    request.escaped_path = plain();
    request.path = text();
    request.query = plain();
    request.fragment = plain();
    request.has_query = flag();
    fields(request.headers);
  }
  void head(http::Response& response) {
    response.status = number<std::uint16_t>();
    check(response.status >= kStatusMin && response.status <= kStatusMax);
    fields(response.headers);
  }
  CarriedBody body(http::Body& body) {
    const auto what = one_of(CarriedBody::stream);
    if (what == CarriedBody::whole) body.assign(text());
    return what;
  }
  void some(std::optional<std::string>& body) {
    if (flag()) body = text();
  }
  void check(bool holds) {
    if (!holds) failed_ = true;
  }
  [[nodiscard]] bool is_whole() const { return !failed_ && bytes_.empty(); }

 private:
  std::string_view take(std::size_t size) {
    check(size <= bytes_.size());
    if (failed_) return {};
    const std::string_view own = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return own;
  }

  std::string_view bytes_;
  bool failed_ = false;
};

std::unexpected<Error> broken(const char* what) {
  return fail(ErrorKind::invalid, std::string(what) + " of another member that is not whole");
}

}  // namespace

std::string HandedExchange::encode(const HandedHead& head, const http::Request* request,
                                   CarriedBody request_body, const http::Response& response,
                                   CarriedBody response_body) {
  MessageWriter out;
  out.number(kMessageFormat).text(head.ns).id(head.id.incarnation).number(head.id.counter);
  out.number(head.lane).number(head.floor).number(head.fence);
  out.number(std::chrono::duration_cast<std::chrono::microseconds>(head.remaining).count());
  out.flag(head.known).number(head.tags).text(head.real_ip);
  out.flag(request != nullptr);
  if (request != nullptr) out.head(*request).body(request_body, request->body);
  out.head(response).body(response_body, response.body);
  return out.take();
}

Result<HandedExchange> HandedExchange::decode(std::string_view bytes) {
  MessageReader in(bytes);
  HandedExchange message;
  HandedHead& head = message.head;
  in.check(in.number<std::uint8_t>() == kMessageFormat);
  head.ns = in.text();
  head.id.incarnation = in.id();
  head.id.counter = in.number<std::uint64_t>();
  head.lane = in.number<std::uint32_t>();
  head.floor = in.number<std::uint64_t>();
  head.fence = in.number<std::uint64_t>();
  constexpr auto kRemainingMax =
      std::chrono::duration_cast<std::chrono::microseconds>(kHandedRemainingMax).count();
  head.remaining = std::chrono::microseconds(in.up_to(kRemainingMax, in.number<std::uint64_t>()));
  head.known = in.flag();
  head.tags = static_cast<std::uint32_t>(in.up_to(kHandedTagsMax, in.number<std::uint32_t>()));
  head.real_ip = in.plain();
  message.has_request = in.flag();
  if (message.has_request) {
    in.head(message.request);
    message.request_body = in.body(message.request.body);
  }
  in.head(message.response);
  message.response_body = in.body(message.response.body);
  if (!in.is_whole()) return broken("an exchange");
  return message;
}

std::string HandedAnswer::encode() const {
  MessageWriter out;
  out.number(kMessageFormat).number(static_cast<std::uint8_t>(kind));
  if (kind == Kind::failed)
    return out.flag(out_of_guests).flag(limit_reached).flag(retry_after).text(text).take();
  if (kind == Kind::refused) {
    out.number(static_cast<std::uint8_t>(refusal)).number(owner_fence).text(owner);
    return out.take();
  }
  out.number(static_cast<std::uint8_t>(result)).flag(request_head.has_value());
  if (request_head) out.head(*request_head);
  out.some(request_body).flag(response_head.has_value());
  if (response_head) out.head(*response_head);
  out.some(response_body).number(static_cast<std::uint32_t>(tags.size()));
  for (const std::string& tag : tags) out.text(tag);
  return out.take();
}

Result<HandedAnswer> HandedAnswer::decode(std::string_view bytes) {
  MessageReader in(bytes);
  HandedAnswer answer;
  in.check(in.number<std::uint8_t>() == kMessageFormat);
  answer.kind = in.one_of(Kind::refused);
  if (answer.kind == Kind::failed) {
    answer.out_of_guests = in.flag();
    answer.limit_reached = in.flag();
    answer.retry_after = in.flag();
    answer.text = in.text();
  } else if (answer.kind == Kind::refused) {
    answer.refusal = in.one_of(Refusal::forgotten);
    answer.owner_fence = in.number<std::uint64_t>();
    answer.owner = in.text();
  } else {
    answer.result = in.number<std::uint8_t>();
    in.check(is_result(answer.result));
    if (in.flag()) in.head(answer.request_head.emplace());
    in.some(answer.request_body);
    if (in.flag()) in.head(answer.response_head.emplace());
    in.some(answer.response_body);
    const auto tags = in.up_to(kHandedTagsMax, in.number<std::uint32_t>());
    for (std::uint64_t i = 0; i < tags; ++i) answer.tags.push_back(in.text());
  }
  if (!in.is_whole()) return broken("an answer");
  return answer;
}

}  // namespace sluice::filters
