// SPDX-License-Identifier: Apache-2.0
#include "http/h2/client_session.h"

#include <gtest/gtest.h>

#include "http/h2/testing/test_peer.h"

namespace sluice::http::h2 {
namespace {

// A request, and its events in words.
class Call final : public ClientStream {
 public:
  Response& response() override { return message; }
  void on_head(std::optional<std::uint64_t> length, bool ended) override {
    log += "head " + std::to_string(message.status);
    if (length) log += " length " + std::to_string(*length);
    for (const Field& field : message.headers) log += ' ' + field.name + '=' + field.value;
    log += ended ? " ended\n" : "\n";
  }
  void on_data(std::string_view bytes) override { log.append("data ").append(bytes) += '\n'; }
  void on_trailers(std::unique_ptr<Headers> fields) override {
    for (const Field& field : *fields) log += "trailer " + field.name + '=' + field.value + '\n';
  }
  void on_end() override { log += "end\n"; }
  void on_close(ErrorCode code) override {
    log += "closed " + std::to_string(static_cast<unsigned>(code)) + '\n';
  }
  SessionStream::Offer offer() override { return {content.size(), all}; }
  std::string_view take(std::size_t size) override {
    const std::string_view part = content.substr(0, size);
    content.remove_prefix(part.size());
    return part;
  }
  const Headers* trailers() override { return after.get(); }

  Response message;
  std::string log;
  std::string_view content;
  bool all = true;
  std::unique_ptr<Headers> after;
};

class ClientSessionTest : public testing::Test {
 protected:
  ClientSessionTest() {
    request_.method = "GET";
    request_.escaped_path = "/a";
    session_.receive(frame(FrameType::settings, 0, 0, ""));
    session_.receive(frame(FrameType::settings, 1, 0, ""));
  }
  StreamId open(Call& call, bool with_content = false) {
    return session_.open(call, request_, {.host = "shop.example"}, false, with_content);
  }
  std::string output() {
    std::string out;
    session_.produce(out, 1 << 20);
    return out;
  }
  // "type flags stream length;" of each frame.
  std::string frames() {
    const std::string out = output();
    std::string_view rest = out;
    if (rest.starts_with(kPreface)) rest.remove_prefix(kPreface.size());
    FrameScanner scanner;
    std::string text;
    while (!rest.empty()) {
      const auto piece = scanner.next(rest);
      text += std::to_string(static_cast<int>(piece.head->type)) + ' ' +
              std::to_string(piece.head->flags) + ' ' + std::to_string(piece.head->stream) + ' ' +
              std::to_string(piece.head->length) + ';';
    }
    return text;
  }
  static std::string head(StreamId stream, std::uint8_t flags, const std::string& more = "",
                          std::string_view status = "200") {
    return frame(FrameType::headers, flags, stream, literal(":status", status) + more);
  }

  ClientSession session_;
  Request request_;
};

TEST_F(ClientSessionTest, BeginsWithThePreface) {
  EXPECT_TRUE(output().starts_with(kPreface));
  EXPECT_EQ(session_.failure(), "");
}

TEST_F(ClientSessionTest, ADestinationReplacesHostAndExtendsThePath) {
  request_.host = "own.example";
  Call first;
  Call second;
  EXPECT_EQ(session_.open(first, request_, {.path_prefix = "/base"}, false, false), 1);
  EXPECT_EQ(session_.open(second, request_, {.host = "other.example"}, false, false), 3);
  TestOwner server;
  server.session->receive(output());
  ASSERT_EQ(server.streams.size(), 2U);
  EXPECT_EQ(server.streams[0]->log, "head 0 GET own.example /base/a\n");
  EXPECT_EQ(server.streams[1]->log, "head 0 GET other.example /a\n");
}

TEST_F(ClientSessionTest, ARequestAndItsResponse) {
  Call call;
  EXPECT_EQ(open(call), 1);
  (void)output();
  session_.receive(head(1, kFlagEndHeaders, literal("content-length", "5") + literal("x-a", "b")) +
                   frame(FrameType::data, kFlagEndStream, 1, "hello"));
  EXPECT_EQ(call.log, "head 200 length 5 x-a=b\ndata hello\nend\nclosed 0\n");
  EXPECT_EQ(session_.streams(), 0U);
}

TEST_F(ClientSessionTest, InterimResponsesArePassedOver) {
  Call call;
  (void)open(call);
  (void)output();
  session_.receive(head(1, kFlagEndHeaders, literal("x-early", "1"), "103") + head(1, kWhole));
  EXPECT_EQ(call.log, "head 200 ended\nend\nclosed 0\n");
}

TEST_F(ClientSessionTest, AStatusBelow100IsNone) {
  Call call;
  (void)open(call);
  (void)output();
  session_.receive(head(1, kWhole, "", "026"));
  (void)output();
  EXPECT_EQ(call.log.find("head"), std::string::npos);
  EXPECT_EQ(call.log.find("end\n"), std::string::npos);
  EXPECT_TRUE(call.log.starts_with("closed")) << call.log;
}

TEST_F(ClientSessionTest, TrailersOfTheResponse) {
  Call call;
  (void)open(call);
  (void)output();
  const std::string trailers = literal("x-sum", "1") + literal("set-cookie", "no=1");
  session_.receive(head(1, kFlagEndHeaders) + frame(FrameType::data, 0, 1, "x") +
                   frame(FrameType::headers, kWhole, 1, trailers));
  EXPECT_EQ(call.log, "head 200\ndata x\ntrailer x-sum=1\nend\nclosed 0\n");
}

// The head and the trailers each have the full limits.
TEST_F(ClientSessionTest, AHeadAndItsTrailersAreBoundedByThemselves) {
  Call call;
  (void)open(call);
  (void)output();
  std::string fields;
  for (int i = 0; i < 190; ++i) fields += literal("x-a", "b");
  session_.receive(head(1, kFlagEndHeaders, fields) + frame(FrameType::headers, kWhole, 1, fields));
  EXPECT_TRUE(call.log.ends_with("x-a=b\nend\nclosed 0\n")) << call.log;
}

TEST_F(ClientSessionTest, TrailersOfTheRequest) {
  Call call;
  call.content = "abc";
  call.after = std::make_unique<Headers>();
  call.after->add("X-Sum", "1");
  (void)output();
  (void)open(call, true);
  const std::string sent = frames();
  EXPECT_TRUE(sent.starts_with("1 4 1 ")) << sent;
  EXPECT_NE(sent.find("0 0 1 3;1 5 1 "), std::string::npos) << sent;
}

TEST_F(ClientSessionTest, ContentWaitsForMore) {
  Call call;
  call.all = false;
  (void)output();
  const StreamId id = open(call, true);
  (void)output();
  call.content = "one";
  session_.resume(id);
  EXPECT_EQ(frames(), "0 0 1 3;");
  EXPECT_EQ(frames(), "");
  call.all = true;
  session_.resume(id);
  EXPECT_EQ(frames(), "0 1 1 0;");
}

TEST_F(ClientSessionTest, HeadsAreBounded) {
  Call large;
  Call other;
  (void)open(large);
  (void)open(other);
  (void)output();
  std::string fields;
  for (int i = 0; i < 201; ++i) fields += literal("x-a", "b");
  session_.receive(head(1, kWhole, fields) + head(3, kWhole));
  (void)output();
  EXPECT_EQ(large.log.find("head"), std::string::npos);
  EXPECT_TRUE(large.log.starts_with("closed ")) << large.log;
  EXPECT_EQ(other.log, "head 200 ended\nend\nclosed 0\n");
  EXPECT_EQ(session_.failure(), "");
}

TEST_F(ClientSessionTest, TheServerLimitsStreams) {
  session_.receive(frame(FrameType::settings, 0, 0, std::string("\0\3\0\0\0\1", 6)));
  EXPECT_TRUE(session_.accepts());
  Call call;
  (void)open(call);
  EXPECT_FALSE(session_.accepts());
  Call second;
  EXPECT_EQ(open(second), 0);
  (void)output();
  session_.receive(head(1, kWhole));
  EXPECT_TRUE(session_.accepts());
}

// RFC 9113 section 6.8: the server has not processed streams beyond the last one that it names.
TEST_F(ClientSessionTest, GoawayEndsWhatWasNotProcessed) {
  Call first;
  Call second;
  (void)open(first);
  (void)open(second);
  (void)output();
  session_.receive(frame(FrameType::goaway, 0, 0, std::string("\0\0\0\1\0\0\0\0", 8)));
  EXPECT_FALSE(session_.accepts());
  EXPECT_EQ(first.log, "");
  EXPECT_EQ(second.log, "closed 7\n");
  session_.receive(head(1, kWhole));
  EXPECT_EQ(first.log, "head 200 ended\nend\nclosed 0\n");
}

TEST_F(ClientSessionTest, NobodyIsToldOfAForgottenStream) {
  Call call;
  const StreamId id = open(call);
  (void)output();
  session_.forget(id);
  session_.reset(id, ErrorCode::cancel);
  session_.receive(head(1, kFlagEndHeaders) + frame(FrameType::data, kFlagEndStream, 1, "x"));
  EXPECT_EQ(frames(), "3 0 1 4;");
  EXPECT_EQ(call.log, "");
  EXPECT_EQ(session_.streams(), 0U);
}

TEST_F(ClientSessionTest, WindowsAreGivenBackByConsume) {
  Call call;
  const StreamId id = open(call);
  (void)output();
  session_.receive(head(1, kFlagEndHeaders));
  const std::string piece(16384, 'x');
  for (int i = 0; i < 3; ++i) session_.receive(frame(FrameType::data, 0, 1, piece));
  EXPECT_EQ(frames().find("8 0 1 "), std::string::npos);
  session_.consume(id, 3 * piece.size());
  EXPECT_EQ(frames(), "8 0 1 4;");
}

// A response that nobody reads holds up no other.
TEST_F(ClientSessionTest, TheConnectionsWindowOpensByItself) {
  ClientLimits limits;
  limits.connection_window_bytes = 65535;
  ClientSession session(limits);
  session.receive(frame(FrameType::settings, 0, 0, "") + frame(FrameType::settings, 1, 0, ""));
  std::string out;
  for (StreamId id = 1; id < 40; id += 2) {
    Call call;
    ASSERT_EQ(session.open(call, request_, {.host = "shop.example"}, false, false), id);
    session.produce(out, std::size_t{1} << 20);
    session.receive(head(id, kFlagEndHeaders) +
                    frame(FrameType::data, 0, id, std::string(16384, 'x')));
    EXPECT_NE(call.log.find("data"), std::string::npos) << id;
    session.forget(id);
    out.clear();
    session.produce(out, std::size_t{1} << 20);
  }
  EXPECT_EQ(session.failure(), "");
}

TEST_F(ClientSessionTest, AWindowCanBeWidened) {
  Call call;
  const StreamId id = open(call);
  (void)output();
  session_.receive(head(1, kFlagEndHeaders));
  session_.widen(id, 256 * 1024);
  EXPECT_EQ(frames(), "8 0 1 4;");
  const std::string piece(16384, 'x');
  for (int i = 0; i < 16; ++i) session_.receive(frame(FrameType::data, 0, 1, piece));
  EXPECT_EQ(session_.failure(), "");
  EXPECT_EQ(frames().find("3 0 1 "), std::string::npos) << "no reset";
}

TEST_F(ClientSessionTest, SaysWhyTheServerWentAway) {
  EXPECT_EQ(session_.goaway(), ErrorCode::no_error);
  session_.receive(frame(FrameType::goaway, 0, 0, std::string("\0\0\0\0\0\0\0\xb", 8)));
  EXPECT_EQ(session_.goaway(), ErrorCode::enhance_your_calm);
}

TEST_F(ClientSessionTest, GarbageEndsTheSession) {
  Call call;
  (void)open(call);
  (void)output();
  session_.receive("HTTP/1.1 400 Bad Request\r\n\r\n");
  (void)output();
  EXPECT_TRUE(session_.finished());
  EXPECT_FALSE(session_.accepts());
}

TEST_F(ClientSessionTest, SendsAPingAndTakesItsAnswer) {
  (void)output();
  session_.ping();
  EXPECT_EQ(output(), frame(FrameType::ping, 0, 0, std::string(8, '\0')));
  session_.receive(frame(FrameType::ping, 1, 0, std::string(8, '\0')));
  EXPECT_EQ(output(), "");
  EXPECT_EQ(session_.failure(), "");
  EXPECT_FALSE(session_.finished());
}

}  // namespace
}  // namespace sluice::http::h2
