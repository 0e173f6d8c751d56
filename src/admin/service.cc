// SPDX-License-Identifier: Apache-2.0
#include "admin/service.h"

#include <malloc.h>

#include <utility>

#include "admin/acceptor.h"
#include "admin/address.h"
#include "base/time.h"

namespace sluice::admin {
namespace {

// The part of a body that is read and dropped if the caller has no access.
constexpr std::size_t kStrangerBytesMax = std::size_t{1} << 20;
// Each stream and each change holds a thread: a stream for as long as its client reads, a change
// for as long as a URL or wasm_init takes. The other threads serve short calls, so that a health
// check is answered at once.
constexpr int kStreamsMax = 12;
constexpr int kChangesMax = 44;
static_assert(kStreamsMax + kChangesMax + 8 <= static_cast<int>(Acceptor::kThreads));
// The parser leaves many free pages after a body of at least this size.
constexpr std::size_t kLargeBody = std::size_t{256} << 10;
constexpr const char* kEveryPath = R"([\s\S]*)";

// True for a transfer coding in which the library does not recognize the end of a body.
bool is_unknown_coding(const httplib::Request& request) {
  const std::string coding = request.get_header_value("Transfer-Encoding");
  return !coding.empty() && coding != "chunked";
}

bool has_body(const httplib::Request& request) {
  if (request.has_header("Transfer-Encoding")) return true;
  const std::string length = request.get_header_value("Content-Length");
  return !length.empty() && length != "0";
}

// True for a call from a web page in a browser on this machine. If credentials are demanded, the
// server may have any name, but a page from another origin may not use the credentials of the
// browser.
bool is_foreign(const httplib::Request& request, bool any_name) {
  const std::string host = request.get_header_value("Host");
  const std::string origin = request.get_header_value("Origin");
  if (!any_name && !is_loopback_host(host)) return true;
  if (!request.has_header("Origin") || is_loopback_origin(origin)) return false;
  return !any_name || origin != "https://" + host;
}

// The API is for programs: no page may frame, run, sniff or cache its responses.
void add_security_fields(httplib::Response& out) {
  out.set_header("Cache-Control", "no-store");
  out.set_header("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  out.set_header("X-Content-Type-Options", "nosniff");
  out.set_header("X-Frame-Options", "DENY");
}

static bool accepts_body(const std::string& method) {
  return method == "POST" || method == "PUT" || method == "PATCH" || method == "DELETE";
}

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

// Counts a stream until it is sent, or a change until it ends.
class Slot {
 public:
  Slot(std::atomic<int>& count, int max) : count_(count), granted_(++count <= max) {}
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;
  ~Slot() { --count_; }
  [[nodiscard]] bool granted() const { return granted_; }

 private:
  std::atomic<int>& count_;
  const bool granted_;
};

Response respond_streaming(const Match& match, Request& call,
                           const std::optional<httplib::ContentReader>& reader) {
  bool read = !reader;
  call.read_body = [&](const TakePiece& take) {
    return std::exchange(read, true) ? Result<void>() : read_pieces(*reader, take);
  };
  Response response = match.route->handler(call, match.names);
  // The handler has refused without reading the body: see read_pieces().
  if (!read) drop_body(*reader, kDrainBytesMax);
  return response;
}

}  // namespace

Service::Service(Access access, Shared& shared) : access_(std::move(access)), shared_(shared) {
  install();
  engine_.set_listening(true);
}

// Serves one call per connection, because an idle client must not hold a thread. An exception that
// passes the library's own handlers would end the process.
void Service::serve(int descriptor, const std::atomic<bool>& stopping) try {
  Connection connection(descriptor, access_.tls, stopping);
  if (connection.open()) return engine_.serve(connection);
  if (!connection.trouble().empty())
    shared_.logger.debug("admin API: no TLS with " + connection.peer() + ": " +
                         connection.trouble());
} catch (const std::exception& error) {
  shared_.logger.error(std::string("admin API: connection given up: ") + error.what());
}

void Service::install() {
  engine_.set_keep_alive_max_count(1);
  engine_.set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& out) {
    // Ranges beyond the end of a body crash the library. The const_cast is safe: the library owns
    // the object, and it is not const there.
    const_cast<httplib::Request&>(request).ranges.clear();
    if (is_unknown_coding(request)) {
      write(respond_error(400, "the only Transfer-Encoding is chunked"), out);
      out.set_header("Connection", "close");
      return httplib::Server::HandlerResponse::Handled;
    }
    const bool reads = request.method != "GET" && request.method != "HEAD" && has_body(request);
    if (reads && accepts_body(request.method)) return httplib::Server::HandlerResponse::Unhandled;
    answer(request, {}, out);
    return httplib::Server::HandlerResponse::Handled;
  });
  const auto with_body = [this](const httplib::Request& request, httplib::Response& out,
                                const httplib::ContentReader& reader) {
    answer(request, reader, out);
  };
  engine_.Post(kEveryPath, with_body);
  engine_.Put(kEveryPath, with_body);
  engine_.Patch(kEveryPath, with_body);
  engine_.Delete(kEveryPath, with_body);
  engine_.set_exception_handler(
      [this](const httplib::Request&, httplib::Response& out, const std::exception_ptr& thrown) {
        write(respond_error(500, describe(thrown)), out);
      });
  // For requests that the library itself refuses, such as a malformed request line.
  engine_.set_error_handler([](const httplib::Request&, httplib::Response& out) {
    if (out.body.empty()) write(respond_error(out.status, "cannot read the request"), out);
  });
  engine_.set_post_routing_handler([this](const httplib::Request&, httplib::Response& out) {
    out.set_header("X-Config-Version", shared_.config_version());
    add_security_fields(out);
  });
}
std::string Service::describe(const std::exception_ptr& thrown) const try {
  std::rethrow_exception(thrown);
} catch (const std::exception& error) {
  shared_.logger.error(std::string("admin API: ") + error.what());
  return std::string("internal error: ") + error.what();
} catch (...) {
  return "internal error";
}

void Service::answer(const httplib::Request& request,
                     const std::optional<httplib::ContentReader>& reader, httplib::Response& out) {
  const auto begin = Clock::now();
  const auto caller = identify(request);
  Response response = caller ? respond(request, *caller, reader) : caller.error();
  if (!caller && reader) drop_body(*reader, kStrangerBytesMax);
  write(bounded(std::move(response)), out);
  const bool change = request.method != "GET" && request.method != "HEAD" && caller;
  const LogLevel level =
      change && access_.credentials->demanded() ? LogLevel::info : LogLevel::debug;
  if (!shared_.logger.enabled(level)) return;
  const std::string who = caller && !caller->name.empty() ? caller->name + " " : "";
  shared_.logger.write(level, "admin API: " + who + request.method + " " + request.target + " " +
                                  std::to_string(out.status) + " " +
                                  format_duration(Clock::now() - begin));
}

std::expected<Identity, Response> Service::identify(const httplib::Request& request) {
  if (is_foreign(request, access_.credentials->demanded())) {
    return std::unexpected(respond_error(
        403, access_.credentials->demanded()
                 ? "not for web pages: Origin must be this server"
                 : "only clients on this machine: Host and Origin must be localhost"));
  }
  const std::string name = request.ssl != nullptr ? net::peer_common_name(request.ssl) : "";
  const std::string authorization = request.get_header_value("Authorization");
  auto caller = access_.credentials->check({request.remote_addr, authorization, name});
  if (!caller) {
    const Denial& denial = caller.error();
    if (!denial.log.empty()) shared_.logger.warn("admin API: " + denial.log);
    Response response = respond_error(denial.status, denial.message);
    response.retry_after_seconds = denial.retry_after_seconds;
    return std::unexpected(std::move(response));
  }
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (reads || caller->role == Role::admin) return *std::move(caller);
  return std::unexpected(
      respond_error(403, caller->name + " may read only (api-readers); a change takes an admin"));
}

Response Service::bounded(Response response) {
  if (!response.stream) return response;
  const auto slot = std::make_shared<Slot>(shared_.streams, kStreamsMax);
  if (!slot->granted()) {
    return respond_error(
        503, "too many downloads at once, at most " + std::to_string(kStreamsMax) + ": try again");
  }
  response.stream = [slot, stream = std::move(response.stream)](const WritePiece& piece) {
    return stream(piece);
  };
  return response;
}

Response Service::respond(const httplib::Request& request, const Identity& caller,
                          const std::optional<httplib::ContentReader>& reader) const {
  Request call;
  call.method = request.method;
  call.accept = request.get_header_value("Accept");
  call.by_admin = caller.role == Role::admin;
  if (const auto parsed = parse_target(request.target, call); !parsed) {
    return respond_error(parsed.error());
  }
  const bool changes = call.method != "GET" && call.method != "HEAD";
  std::optional<Slot> slot;
  if (changes) slot.emplace(shared_.changes, kChangesMax);
  if (slot && !slot->granted()) {
    if (reader) drop_body(*reader, kDrainBytesMax);
    return respond_error(503, std::to_string(kChangesMax) +
                                  " changes are under way, and wait for URLs or guests: try again");
  }
  const auto match = shared_.router.find(call);
  if (match && match->route->streams_body) return respond_streaming(*match, call, reader);
  if (reader) {
    auto body = read_body(*reader, match ? match->route->body_bytes_max : kBodyBytesMax);
    if (!body) return respond_error(body.error());
    call.body = *std::move(body);
  }
  const FreePages after(call.body.size() >= kLargeBody);
  return match ? match->route->handler(call, match->names) : match.error();
}

}  // namespace sluice::admin
