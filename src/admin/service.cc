// SPDX-License-Identifier: Apache-2.0
#include "admin/service.h"

#include <malloc.h>

#include <memory>
#include <optional>
#include <utility>

#include "admin/health.h"
#include "admin/pipe.h"
#include "admin/slot.h"
#include "base/time.h"

namespace sluice::admin {
namespace {

// The parser leaves many free pages after a body of at least this size.
constexpr std::size_t kLargeBody = std::size_t{256} << 10;

// A login that has waited longer for its turn is refused, so that the wait of the others is bounded
// when strangers send passwords.
constexpr Duration kLoginWaitMax = std::chrono::seconds(5);

// Returns the allocator's free memory to the system at the end of a call.
class FreePages {
 public:
  explicit FreePages(bool many) : many_(many) {}
  FreePages(const FreePages&) = delete;
  FreePages& operator=(const FreePages&) = delete;
  ~FreePages() {
    if (many_) ::malloc_trim(0);
  }

 private:
  const bool many_;
};

// The bytes of one body among those of all.
class Held {
 public:
  explicit Held(std::size_t& all) : all_(all) {}
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  ~Held() { all_ -= bytes; }
  std::size_t bytes = 0;

 private:
  std::size_t& all_;
};

void add_security_fields(http::Headers& headers, std::string_view policy) {
  headers.set("Cache-Control", "no-store");
  headers.set("Content-Security-Policy", policy);
  headers.set("X-Content-Type-Options", "nosniff");
  headers.set("X-Frame-Options", "DENY");
}

}  // namespace

Service::Service(const ApiRouter& router, Logger logger, Sources sources, loop::EventLoop& loop,
                 Threads& threads)
    : router_(router),
      logger_(std::move(logger)),
      sources_(std::move(sources)),
      loop_(loop),
      threads_(threads) {}

Task<http::Response> Service::answer(http::Request& request, const Peer& client,
                                     const AccessControl& access, CallTerms& terms) {
  if (sources_.health && is_probe(request.target())) {
    ApiResponse response = co_await probe(request);
    co_return finish(std::move(response));
  }
  if (router_.is_empty()) co_return refuse(404, "this address answers /healthz and /readyz only");
  const TimePoint begin = Clock::now();
  auto caller = co_await admit(request, client, *access.credentials);
  terms.admitted = caller.has_value();
  ApiResponse response;
  if (caller) {
    response = co_await respond(request, *caller, client.address);
  } else {
    response = caller.error();
  }
  terms.write_patience = response.write_patience;
  terms.endless = response.reader || response.events.next;
  http::Response answer = finish(bounded(std::move(response)));
  log(request, caller, access.credentials->demanded(), answer.status, begin);
  co_return answer;
}

Task<bool> Service::is_still_admitted(const http::Request& request, const Peer& client,
                                      const AccessControl& access) {
  const auto caller = co_await admit(request, client, *access.credentials);
  co_return caller.has_value();
}

http::Response Service::refuse(int status, std::string_view reason) {
  return finish(respond_error(status, reason));
}

void Service::log(const http::Request& request, const std::expected<Identity, ApiResponse>& caller,
                  bool demanded, int status, TimePoint begin) const {
  const bool change = !only_reads(request) && caller;
  const LogLevel level = change && demanded ? LogLevel::info : LogLevel::debug;
  if (!logger_.enabled(level)) return;
  const std::string who = caller && !caller->name.empty() ? caller->name + " " : "";
  logger_.write(level, "admin API: " + who + request.method + " " + request.target() + " " +
                           std::to_string(status) + " " + format_duration(Clock::now() - begin));
}

template <class T>
Task<Result<T>> Service::block(Threads::WorkClass kind, std::function<Result<T>()> work) {
  Result<T> result = fail(ErrorKind::unavailable, "the server is shutting down");
  co_await threads_.run(kind, [&] {
    try {
      result = work();
    } catch (const std::exception& error) {
      logger_.error(std::string("admin API: ") + error.what());
      result = fail(ErrorKind::internal, std::string("internal error: ") + error.what());
    }
  });
  co_return result;
}

Task<ApiResponse> Service::probe(const http::Request& request) {
  auto response =
      co_await block<ApiResponse>(Threads::WorkClass::quick, [&]() -> Result<ApiResponse> {
        return sources_.health->answer(request.method, request.target()).value_or(ApiResponse{});
      });
  if (!response) co_return respond_error(response.error());
  co_return *std::move(response);
}

Task<std::expected<Identity, ApiResponse>> Service::admit(const http::Request& request,
                                                          const Peer& client,
                                                          Credentials& credentials) {
  if (auto refused = refuse_web_page(request, credentials))
    co_return std::unexpected(*std::move(refused));
  if (credentials.is_quick(request.headers.get("Authorization").value_or("")))
    co_return identify(request, client, credentials, logger_);
  std::expected<Identity, ApiResponse> caller;
  const TimePoint too_late = Clock::now() + kLoginWaitMax;
  const auto checked = co_await block<void>(Threads::WorkClass::login, [&]() -> Result<void> {
    if (Clock::now() > too_late) {
      caller =
          std::unexpected(respond_error(503, "too many logins wait for their turn: try again"));
      caller.error().retry_after_seconds = 1;
      return {};
    }
    caller = identify(request, client, credentials, logger_);
    return {};
  });
  if (!checked) co_return std::unexpected(respond_error(checked.error()));
  co_return caller;
}

Task<ApiResponse> Service::respond(http::Request& request, const Identity& caller,
                                   const std::string& address) {
  ApiRequest call;
  call.method = request.method;
  call.accept = request.headers.get("Accept").value_or("");
  call.by_admin = caller.role == Role::admin;
  call.caller = caller.name;
  call.address = address;
  if (const auto parsed = parse_target(request.target(), call); !parsed)
    co_return respond_error(parsed.error());
  const auto match = router_.find(call);
  if (!match) co_return match.error();
  if (match->route->intake) co_return co_await take_in(*match, call, request.body);
  co_return co_await handle(*match, call, request.body);
}

Task<ApiResponse> Service::handle(const RouteMatch& match, ApiRequest& call, http::Body& body) {
  const bool changes = call.method != "GET" && call.method != "HEAD";
  Held held(held_bytes_);
  if (changes && body.is_stream()) {
    auto whole = co_await read_whole(body, match.route->body_bytes_max, held.bytes);
    if (!whole) co_return respond_error(whole.error());
    call.body = *std::move(whole);
  }
  // A change counts from here on: a client that sends its body slowly keeps nobody from changing.
  std::optional<CountedSlot> slot;
  if (changes) slot.emplace(changes_, kChangesMax);
  if (slot && !slot->granted()) {
    co_return respond_error(503, std::to_string(kChangesMax) +
                                     " changes are under way, and wait for URLs or guests: try "
                                     "again");
  }
  const auto kind = match.route->quick ? Threads::WorkClass::quick : Threads::WorkClass::any;
  auto response = co_await block<ApiResponse>(kind, [&]() -> Result<ApiResponse> {
    const FreePages after(call.body.size() >= kLargeBody);
    return match.route->handler(call, match.names);
  });
  if (!response) co_return respond_error(response.error());
  co_return *std::move(response);
}

// `held` counts the bytes read, also in held_bytes_.
Task<Result<std::string>> Service::read_whole(http::Body& body, std::size_t bytes_max,
                                              std::size_t& held) {
  const auto too_large = [bytes_max] {
    return fail(ErrorKind::too_large,
                "the body is over " + std::to_string(bytes_max >> 20) + " MiB");
  };
  if (body.length().value_or(0) > bytes_max) co_return too_large();
  std::string whole;
  while (true) {
    const auto piece = co_await body.reader()->read();
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->empty()) co_return whole;
    if (whole.size() + piece->size() > bytes_max) co_return too_large();
    if (held_bytes_ + piece->size() > kBodiesBytesMax)
      co_return fail(ErrorKind::unavailable, "too many large bodies at once: try again");
    held += piece->size();
    held_bytes_ += piece->size();
    whole += *piece;
  }
}

Task<ApiResponse> Service::take_in(const RouteMatch& match, const ApiRequest& call,
                                   http::Body& body) {
  const CountedSlot slot(uploads_, kUploadsMax);
  if (!slot.granted()) {
    co_return respond_error(
        503, "too many uploads at once, at most " + std::to_string(kUploadsMax) + ": try again");
  }
  std::unique_ptr<Intake> intake;
  Result<void> taken = co_await block<void>(Threads::WorkClass::any, [&]() -> Result<void> {
    SLUICE_TRY(intake, match.route->intake(call, match.names));
    return {};
  });
  bool more = taken && body.is_stream();
  while (more) {
    const auto piece = co_await body.reader()->read();
    if (piece && !piece->empty()) {
      taken = co_await block<void>(Threads::WorkClass::any, [&] { return intake->take(*piece); });
    } else if (!piece) {
      taken = std::unexpected(piece.error());
    }
    more = taken && !piece->empty();
  }
  // An Intake may hold much: it is destroyed on a thread, too.
  auto response =
      co_await block<ApiResponse>(Threads::WorkClass::any, [&]() -> Result<ApiResponse> {
        const std::unique_ptr<Intake> last = std::move(intake);
        if (!taken) return std::unexpected(taken.error());
        return last->finish();
      });
  if (!response) co_return respond_error(response.error());
  co_return *std::move(response);
}

ApiResponse Service::bounded(ApiResponse response) {
  const bool large = response.body.size() > kSmallAnswerBytes;
  if (large && *answer_bytes_ > 0 && *answer_bytes_ + response.body.size() > kAnswersBytesMax) {
    return respond_error(503,
                         "too many large answers wait for clients that read slowly: try again");
  }
  if (!response.stream) return response;
  const auto slot = std::make_shared<CountedSlot>(streams_, kStreamsMax);
  if (!slot->granted()) {
    return respond_error(
        503, "too many downloads at once, at most " + std::to_string(kStreamsMax) + ": try again");
  }
  response.stream = [slot, stream = std::move(response.stream)](const WritePiece& piece) {
    return stream(piece);
  };
  return response;
}

http::Response Service::finish(ApiResponse response) {
  http::Response out;
  out.status = response.status;
  if (!response.content_type.empty()) out.headers.set("Content-Type", response.content_type);
  if (!response.allow.empty()) out.headers.set("Allow", response.allow);
  if (response.status == 401)
    out.headers.set("WWW-Authenticate", R"(Basic realm="sluice", charset="UTF-8")");
  if (response.retry_after_seconds > 0)
    out.headers.set("Retry-After", std::to_string(response.retry_after_seconds));
  if (sources_.config_version) out.headers.set("X-Config-Version", sources_.config_version());
  add_security_fields(out.headers, response.policy);
  if (response.stream) {
    out.body = http::Body(read_stream(loop_, threads_, std::move(response.stream)), std::nullopt);
  } else if (response.reader) {
    out.body = http::Body(response.reader(loop_), std::nullopt);
  } else if (response.events.next) {
    out.body = http::Body(read_events(loop_, threads_, std::move(response.events)), std::nullopt);
  } else if (response.body.size() > kSmallAnswerBytes) {
    out.body.share(counted(std::move(response.body)));
  } else {
    out.body.assign(std::move(response.body));
  }
  return out;
}

// The text counts until it was sent.
std::shared_ptr<const std::string> Service::counted(std::string text) {
  struct Counted {
    Counted(std::string its_text, std::shared_ptr<std::size_t> its_all)
        : text(std::move(its_text)), all(std::move(its_all)) {
      *all += text.size();
    }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    ~Counted() { *all -= text.size(); }
    const std::string text;
    const std::shared_ptr<std::size_t> all;
  };
  const auto held = std::make_shared<const Counted>(std::move(text), answer_bytes_);
  return {held, &held->text};
}

}  // namespace sluice::admin
