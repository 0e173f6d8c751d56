// SPDX-License-Identifier: Apache-2.0
#include "egctl/api_client.h"

#include <httplib.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <system_error>

#include "base/host_port.h"
#include "base/text.h"
#include "net/tls/client_setup.h"

namespace sluice::egctl {
namespace {

constexpr std::string_view kPrefix = "/apis/v2";
// Every answer of an admin API has this field.
constexpr std::string_view kOfAdminApi = "X-Config-Version";
constexpr std::uint16_t kDefaultPort = 2381;
constexpr std::chrono::milliseconds kConnectTimeout{10'000};
// Long, because a reload compiles and a large write waits for the disk.
constexpr std::chrono::milliseconds kReplyTimeout{600'000};

httplib::Headers headers_of(const ApiCall& call) {
  return {{"Accept", std::string(call.accept)}, {"User-Agent", "egctl/" SLUICE_VERSION}};
}

std::string full_path(const ApiCall& call) { return std::string(kPrefix) + call.path; }

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

// The error is `closed` if the reader has closed the pipe, such as `| head`.
std::unexpected<Error> cannot_write(int error) {
  return fail(error == EPIPE ? ErrorKind::closed : ErrorKind::internal,
              "cannot write the output: " + std::system_category().message(error));
}

ErrorKind kind_of(int status) {
  switch (status) {
    case 400:
      return ErrorKind::invalid;
    case 401:
    case 403:
      return ErrorKind::forbidden;
    case 404:
      return ErrorKind::not_found;
    case 409:
      return ErrorKind::conflict;
    case 413:
      return ErrorKind::too_large;
    case 503:
      return ErrorKind::unavailable;
    default:
      return ErrorKind::internal;
  }
}

}  // namespace

Result<ApiAddress> parse_endpoint(std::string_view text) {
  const std::string given(text);
  const bool tls = text.starts_with("https://");
  if (tls || text.starts_with("http://")) text.remove_prefix(text.find("//") + 2);
  while (text.ends_with('/')) text.remove_suffix(1);
  const HostPort parts = split_host_port(text);
  const std::string host(without_brackets(parts.host));
  const auto port =
      parts.rest.empty() ? std::optional(kDefaultPort) : parts.port().and_then(parse_port);
  const bool valid = port && *port > 0 && !host.empty() && host.find_first_of("[/@") == host.npos;
  if (valid) return ApiAddress{host, *port, given, tls};
  if (given.contains('@')) {
    return fail(ErrorKind::invalid,
                "the name of a server holds no user and password: name them in ~/.egctlrc, or set "
                "EGCTL_USER and EGCTL_PASSWORD");
  }
  return fail(ErrorKind::invalid,
              "\"" + given + "\" is not a server, try " + std::string(kDefaultServer));
}

Result<std::unique_ptr<httplib::Client>> ApiClient::connection() const {
  if (!endpoint_.tls && access_.has_secret() && !is_loopback(endpoint_.host)) {
    return fail(ErrorKind::invalid, "the credentials would travel to " + endpoint_.text +
                                        " unencrypted: use https://, or --force-tls");
  }
  auto client = std::make_unique<httplib::Client>((endpoint_.tls ? "https://" : "http://") +
                                                  format_host_port(endpoint_.host, endpoint_.port));
  const auto patience = access_.reply_timeout;
  client->set_connection_timeout(patience ? std::min(*patience, kConnectTimeout) : kConnectTimeout);
  client->set_read_timeout(patience.value_or(kReplyTimeout));
  client->set_write_timeout(kReplyTimeout);
  client->set_url_encode(false);
  if (!access_.token.empty()) {
    client->set_bearer_token_auth(access_.token);
  } else if (!access_.user.empty()) {
    client->set_basic_auth(access_.user, access_.password);
  }
  if (!endpoint_.tls) return client;
  client->enable_server_certificate_verification(access_.verify);
  const net::TlsClientOptions options{
      .own = {.path = "", .certificate = access_.certificate, .key = access_.key},
      .authorities = access_.authority,
      .verify = access_.verify};
  const auto ready = net::set_up_client(client->ssl_context(), options);
  if (!ready)
    return fail(ErrorKind::invalid, "TLS to " + endpoint_.text + ": " + ready.error().message);
  return client;
}

void ApiClient::note(const httplib::Result& result) const { contact_->unreached = !result; }

Result<void> ApiClient::check_admin_api(const httplib::Response& response) const {
  if (response.has_header(std::string(kOfAdminApi))) return {};
  contact_->unreached = true;
  return fail(ErrorKind::unavailable,
              "no admin API at " + endpoint_.text + ": something else answers there, with status " +
                  std::to_string(response.status),
              {"the port is that of --api-addr of sluice-server, by default 2381; is this the port "
               "of an HTTPServer?"});
}

std::unexpected<Error> ApiClient::unreachable(const httplib::Result& result) const {
  const std::string& server = endpoint_.text;
  switch (result.error()) {
    case httplib::Error::Connection:
    case httplib::Error::ConnectionTimeout:
      return fail(ErrorKind::unavailable, "cannot reach the server at " + server,
                  {"start it with: sluice-server",
                   "or name another one with: egctl --server HOST:PORT ..."});
    case httplib::Error::SSLServerVerification:
      return fail(ErrorKind::unavailable,
                  "the certificate of " + server + " is not trusted, or made for another name",
                  {"name its authority with: egctl --ca-file FILE ...",
                   "or in ~/.egctlrc: certificate-authority of the cluster"});
    case httplib::Error::SSLConnection:
      return fail(ErrorKind::unavailable, "no TLS with the server at " + server,
                  {"does it speak TLS? else use http://",
                   "does it ask for a client certificate? --cert-file and --key-file"});
    default:
      break;
  }
  Error error{ErrorKind::unavailable,
              "the server at " + server + " broke off the call: " +
                  httplib::to_string(result.error()) + "; its log says more",
              {}};
  if (endpoint_.tls)
    error.details = {"does it trust this client's certificate? --cert-file and --key-file"};
  return std::unexpected(std::move(error));
}

Result<ApiReply> ApiClient::send(const ApiCall& call) const {
  SLUICE_TRY(const auto client, connection());
  httplib::Request request;
  request.method = call.method;
  request.path = full_path(call);
  request.headers = headers_of(call);
  request.body = call.body;
  if (!call.body.empty()) request.set_header("Content-Type", std::string(call.content_type));
  const httplib::Result result = client->send(request);
  note(result);
  if (!result) return unreachable(result);
  SLUICE_CHECK(check_admin_api(*result));
  return ApiReply{result->status, result->body};
}

Result<std::string> ApiClient::text(const ApiCall& call) const {
  SLUICE_TRY(ApiReply reply, send(call));
  if (reply.status >= 400) return std::unexpected(error_of(reply));
  return std::move(reply.body);
}

Result<Json> ApiClient::json(const ApiCall& call) const {
  SLUICE_TRY(const std::string body, text(call));
  Json value = Json::parse(body, nullptr, false);
  if (!value.is_discarded()) return value;
  return fail(ErrorKind::internal,
              "the answer of " + endpoint_.text + " is not JSON: " + std::string(first_line(body)));
}

Result<void> ApiClient::stream(const ApiCall& call, const Take& take) const {
  SLUICE_TRY(const auto client, connection());
  const bool has_limit = call.silence_max > std::chrono::seconds::zero();
  if (has_limit) client->set_read_timeout(call.silence_max);
  ApiReply refused{200, ""};
  Result<void> taken;
  Result<void> admin_api;
  const httplib::Result result = client->Get(
      full_path(call), headers_of(call),
      [&](const httplib::Response& response) {
        refused.status = response.status;
        admin_api = check_admin_api(response);
        return admin_api.has_value();
      },
      [&](const char* data, std::size_t size) {
        if (refused.status >= 400) {
          refused.body.append(data, size);
        } else {
          taken = take({data, size});
        }
        return taken.has_value();
      });
  if (taken) note(result);
  if (!taken) return taken;
  SLUICE_CHECK(admin_api);
  if (!result && has_limit && result.error() == httplib::Error::Read) {
    return fail(ErrorKind::unavailable, "the server at " + endpoint_.text +
                                            " sends nothing any "
                                            "more: it hangs, or the way to it is cut");
  }
  if (!result) return unreachable(result);
  if (refused.status >= 400) return std::unexpected(error_of(refused));
  return {};
}

Result<std::string> ApiClient::upload(const ApiCall& call, const Give& give) const {
  SLUICE_TRY(const auto client, connection());
  Result<std::string> piece = give();
  if (!piece) return piece;
  const auto provide = [&](std::size_t, httplib::DataSink& sink) {
    if (piece->empty()) {
      sink.done();
      return true;
    }
    if (!sink.write(piece->data(), piece->size())) return false;
    piece = give();
    return piece.has_value();
  };
  const httplib::Result result =
      client->Put(full_path(call), headers_of(call), provide, std::string(call.content_type));
  if (!piece) return piece;
  note(result);
  if (!result) return unreachable(result);
  SLUICE_CHECK(check_admin_api(*result));
  if (result->status >= 400) return std::unexpected(error_of({result->status, result->body}));
  return result->body;
}

Take write_to(std::ostream& out) {
  return [&out](std::string_view piece) -> Result<void> {
    errno = 0;
    if (out.write(piece.data(), static_cast<std::streamsize>(piece.size())).flush()) return {};
    return cannot_write(errno);
  };
}

Error error_of(const ApiReply& reply) {
  Error error{kind_of(reply.status), std::to_string(reply.status) + ": ", {}};
  if (reply.status == 401) {
    error.details = {
        "name user or token in ~/.egctlrc, or set EGCTL_TOKEN, or EGCTL_USER and "
        "EGCTL_PASSWORD"};
  }
  const Json body = Json::parse(reply.body, nullptr, false);
  if (!body.is_object() || !body.contains("message") || !body["message"].is_string()) {
    error.message += reply.body.empty() ? "no reason given" : first_line(reply.body);
    return error;
  }
  error.message += body["message"].get<std::string>();
  if (!body.contains("errors") || !body["errors"].is_array()) return error;
  for (const Json& line : body["errors"]) {
    if (line.is_string()) error.details.push_back(line.get<std::string>());
  }
  return error;
}

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_alphanumeric(c) || std::string_view("-_.~").contains(c)) {
      out += c;
    } else {
      append_percent_encoded(out, c);
    }
  }
  return out;
}

}  // namespace sluice::egctl
