// SPDX-License-Identifier: Apache-2.0
#include "admin/http_server.h"

#include <httplib.h>

#include <atomic>
#include <cerrno>
#include <system_error>
#include <thread>
#include <utility>

#include "base/time.h"

namespace sluice::admin {
namespace {

constexpr std::size_t kThreads = 8;
constexpr auto kIdleTimeout = std::chrono::seconds(30);       // of a socket read or write
constexpr std::size_t kDrainBytesMax = std::size_t{1} << 30;  // read and dropped beyond the limit
constexpr const char* kEveryPath = R"([\s\S]*)";

// What is thrown past the library's own handlers would end the process.
class Pool final : public httplib::ThreadPool {
 public:
  explicit Pool(Logger logger) : ThreadPool(kThreads), logger_(std::move(logger)) {}
  void enqueue(std::function<void()> work) override {
    ThreadPool::enqueue([logger = logger_, work = std::move(work)] {
      try {
        work();
      } catch (const std::exception& error) {
        logger.error(std::string("admin API: connection given up: ") + error.what());
      }
    });
  }

 private:
  Logger logger_;
};

void reuse_address(socket_t socket) {
  const int yes = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
}

// Of other codings the library would not see the end.
bool is_unknown_coding(const httplib::Request& request) {
  const std::string coding = request.get_header_value("Transfer-Encoding");
  return !coding.empty() && coding != "chunked";
}

bool has_body(const httplib::Request& request) {
  if (request.has_header("Transfer-Encoding")) return true;
  const std::string length = request.get_header_value("Content-Length");
  return !length.empty() && length != "0";
}

// A web page in a browser on this machine is no administrator.
bool is_foreign(const httplib::Request& request) {
  if (!is_loopback_host(request.get_header_value("Host"))) return true;
  return request.has_header("Origin") && !is_loopback_origin(request.get_header_value("Origin"));
}

// The body as it arrives. What comes after an error of `take` is dropped, so that the client, which
// reads once it has sent, gets to see the error.
Result<void> read_pieces(const httplib::ContentReader& reader, const TakePiece& take) {
  Result<void> taken;
  std::size_t dropped = 0;
  const bool whole = reader([&](const char* data, std::size_t size) {
    if (taken) {
      taken = take({data, size});
    } else {
      dropped += size;
    }
    return dropped <= kDrainBytesMax;
  });
  if (taken && !whole) return fail(ErrorKind::closed, "the body ends in the middle");
  return taken;
}

Result<std::string> read_body(const httplib::ContentReader& reader, std::size_t bytes_max) {
  std::string body;
  SLUICE_CHECK(read_pieces(reader, [&](std::string_view piece) -> Result<void> {
    if (body.size() + piece.size() > bytes_max) {
      body = {};
      return fail(ErrorKind::too_large,
                  "the body is over " + std::to_string(bytes_max >> 20) + " MiB");
    }
    body += piece;
    return {};
  }));
  return body;
}

// Lets `stream` write its body, all of it in one call of the library.
bool pump(const Stream& stream, httplib::DataSink& sink) try {
  const bool whole = stream([&sink](std::string_view piece) {
    return sink.is_writable() && (piece.empty() || sink.write(piece.data(), piece.size()));
  });
  if (whole) sink.done();
  return whole;
} catch (const std::exception&) {
  return false;
}

void write(const Response& response, httplib::Response& out) {
  out.status = response.status;
  if (!response.allow.empty()) out.set_header("Allow", response.allow);
  if (!response.stream) {
    if (!response.body.empty()) out.set_content(response.body, response.content_type);
    return;
  }
  out.set_chunked_content_provider(
      response.content_type, [stream = response.stream](std::size_t, httplib::DataSink& sink) {
        return pump(stream, sink);
      });
}

class Httplib final : public HttpServer {
 public:
  Httplib(const Router& router, Logger logger, std::function<std::string()> config_version)
      : router_(router), logger_(std::move(logger)), config_version_(std::move(config_version)) {
    configure();
    install();
  }
  ~Httplib() override {
    stopping_ = true;
    server_.stop();
    if (thread_.joinable()) thread_.join();
  }
  Httplib(const Httplib&) = delete;
  Httplib& operator=(const Httplib&) = delete;

  [[nodiscard]] Result<void> listen(const Address& address) {
    address_ = address;
    if (!bind()) {
      return fail(ErrorKind::unavailable,
                  "cannot listen on " + address.host + ":" + std::to_string(address.port) + ": " +
                      std::system_category().message(errno) + "; try another --api-addr");
    }
    thread_ = std::thread([this] { serve(); });
    while (!server_.is_running()) std::this_thread::yield();
    return {};
  }
  [[nodiscard]] int port() const override { return address_.port; }

 private:
  bool bind() {
    errno = 0;
    if (address_.port != 0) return server_.bind_to_port(address_.host, address_.port);
    address_.port = server_.bind_to_any_port(address_.host);
    return address_.port > 0;
  }

  // The library gives up listening on errors of accept() that pass.
  void serve() {
    while (true) {
      server_.listen_after_bind();
      if (stopping_) return;
      logger_.error("admin API: accept failed, listening again");
      while (!stopping_ && !bind()) std::this_thread::sleep_for(std::chrono::seconds(1));
    }
  }

  void configure() {
    server_.new_task_queue = [logger = logger_]() -> httplib::TaskQueue* {
      return std::make_unique<Pool>(logger).release();
    };
    server_.set_socket_options(reuse_address);
    server_.set_tcp_nodelay(true);
    // One call per connection: an idle client must not hold a thread.
    server_.set_keep_alive_max_count(1);
    server_.set_read_timeout(kIdleTimeout);
    server_.set_write_timeout(kIdleTimeout);
  }

  void install() {
    server_.set_pre_routing_handler([this](const httplib::Request& request,
                                           httplib::Response& out) {
      // Ranges of a body that is not that long are a crash of the library. The object is its own,
      // and not const there.
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
    server_.Post(kEveryPath, with_body);
    server_.Put(kEveryPath, with_body);
    server_.Patch(kEveryPath, with_body);
    server_.Delete(kEveryPath, with_body);
    server_.set_exception_handler(
        [this](const httplib::Request&, httplib::Response& out, const std::exception_ptr& thrown) {
          write(respond_error(500, describe(thrown)), out);
        });
    // What the library refuses itself, as a request line it cannot read.
    server_.set_error_handler([](const httplib::Request&, httplib::Response& out) {
      if (out.body.empty()) write(respond_error(out.status, "cannot read the request"), out);
    });
    server_.set_post_routing_handler([this](const httplib::Request&, httplib::Response& out) {
      out.set_header("X-Config-Version", config_version_());
    });
  }
  static bool accepts_body(const std::string& method) {
    return method == "POST" || method == "PUT" || method == "PATCH" || method == "DELETE";
  }
  std::string describe(const std::exception_ptr& thrown) const try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& error) {
    logger_.error(std::string("admin API: ") + error.what());
    return std::string("internal error: ") + error.what();
  } catch (...) {
    return "internal error";
  }

  void answer(const httplib::Request& request, const std::optional<httplib::ContentReader>& reader,
              httplib::Response& out) const {
    const auto begin = Clock::now();
    write(respond(request, reader), out);
    if (!logger_.enabled(LogLevel::debug)) return;
    logger_.debug("admin API: " + request.method + " " + request.target + " " +
                  std::to_string(out.status) + " " + format_duration(Clock::now() - begin));
  }

  Response respond(const httplib::Request& request,
                   const std::optional<httplib::ContentReader>& reader) const {
    if (is_foreign(request)) {
      return respond_error(403, "only clients on this machine: Host and Origin must be localhost");
    }
    Request call;
    call.method = request.method;
    call.accept = request.get_header_value("Accept");
    if (const auto parsed = parse_target(request.target, call); !parsed) {
      return respond_error(parsed.error());
    }
    const auto match = router_.find(call);
    if (match && match->route->streams_body) return respond_streaming(*match, call, reader);
    if (reader) {
      auto body = read_body(*reader, match ? match->route->body_bytes_max : kBodyBytesMax);
      if (!body) return respond_error(body.error());
      call.body = *std::move(body);
    }
    return match ? match->route->handler(call, match->names) : match.error();
  }

  static Response respond_streaming(const Match& match, Request& call,
                                    const std::optional<httplib::ContentReader>& reader) {
    bool read = !reader;
    call.read_body = [&](const TakePiece& take) {
      return std::exchange(read, true) ? Result<void>() : read_pieces(*reader, take);
    };
    Response response = match.route->handler(call, match.names);
    // A refusal without a look at the body: see read_pieces().
    if (!read)
      (void)read_pieces(*reader, [](std::string_view) { return fail(ErrorKind::closed, ""); });
    return response;
  }

  const Router& router_;
  Logger logger_;
  std::function<std::string()> config_version_;
  Address address_{};
  httplib::Server server_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::start(const Address& address, const Router& router,
                                                      Logger logger,
                                                      std::function<std::string()> config_version) {
  auto server = std::make_unique<Httplib>(router, std::move(logger), std::move(config_version));
  SLUICE_CHECK(server->listen(address));
  return server;
}

}  // namespace sluice::admin
