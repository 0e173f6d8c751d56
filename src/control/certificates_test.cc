// SPDX-License-Identifier: Apache-2.0
// Covers: housekeeper.cc
#include "control/certificates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "control/testing/process.h"
#include "net/tls/testing/test_certificates.h"

namespace sluice::control {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing::Folder;
using ::testing::HasSubstr;

const std::chrono::system_clock::time_point kEnd =
    std::chrono::sys_days(std::chrono::year(2031) / 3 / 14);

class CertificatesTest : public ::testing::Test {
 protected:
  // The lines that tell() adds to the log, without their times.
  std::vector<std::string> told(std::chrono::system_clock::time_point now) {
    certificates_.tell(now);
    logger_.info("end " + std::to_string(++ends_));
    logger_.flush();
    const std::string mark = "end " + std::to_string(ends_) + "\n";
    std::string text;
    EXPECT_TRUE(testing::eventually([&] {
      std::ostringstream all;
      all << std::ifstream(file_).rdbuf();
      text = all.str();
      return text.ends_with(mark);
    }));
    std::istringstream lines(text.substr(read_));
    read_ = text.size();
    std::vector<std::string> made;
    for (std::string line; std::getline(lines, line);)
      if (!line.contains("\tend ")) made.push_back(line.substr(line.find('\t') + 1));
    return made;
  }

  const Folder folder_;
  const std::string file_ = folder_.path() + "/log";
  const Logger logger_ = Logger::open(file_, false);
  server::Workers workers_{testing::kCores, testing::kMemoryBytes, nullptr, Logger()};
  pipeline::StateRegistry states_;
  Publisher publisher_{testing::kCores, logger_, workers_, states_};
  Certificates certificates_{publisher_, logger_};
  int ends_ = 0;
  std::size_t read_ = 0;
};

TEST_F(CertificatesTest, TheLogWarnsInTimeAndOnceADay) {
  const auto end = std::chrono::floor<std::chrono::seconds>(kEnd);
  certificates_.set_own({{"cert-file a.pem", "CN=a", end}});
  EXPECT_THAT(told(kEnd - 31 * 24h), ElementsAre());
  const std::string soon =
      "WARN\tcert-file a.pem: the certificate of CN=a expires at 2031-03-14T00:00:00Z";
  EXPECT_THAT(told(kEnd - 29 * 24h), ElementsAre(soon));
  EXPECT_THAT(told(kEnd - 29 * 24h + 1s), ElementsAre());
  EXPECT_THAT(told(kEnd - 28 * 24h), ElementsAre(soon));
  const std::string over =
      "ERROR\tcert-file a.pem: the certificate of CN=a has expired: it ended at "
      "2031-03-14T00:00:00Z";
  EXPECT_THAT(told(kEnd + 1s), ElementsAre(over)) << "at once";
  EXPECT_THAT(told(kEnd + 2s), ElementsAre());
  EXPECT_THAT(told(kEnd + 24h + 1s), ElementsAre(over));
  certificates_.set_own({{"cert-file a.pem", "CN=a", end + 24h * 365}});
  EXPECT_THAT(told(kEnd + 50h), ElementsAre());
  certificates_.set_own({{"cert-file a.pem", "CN=a", end}});
  EXPECT_THAT(told(kEnd + 51h), ElementsAre(over)) << "a file that is put back is news";
}

TEST(CertificatesOfObjects, AreNamedWithTheirPlaces) {
  const Folder folder;
  testing::Script script;
  testing::Process process(folder.path(), script);
  ASSERT_TRUE(process->start());
  const auto over = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()) - 1h;
  const net::KeyPair old = net::testing::make_pair("old.example", {.end = over});
  const net::KeyPair good = net::testing::make_pair("good.example");
  const auto literal = [](const std::string& text) {
    return Json(text).dump();  // YAML as well
  };
  const std::string tls = "https: true\ncerts: {a: " + literal(old.certificate) +
                          ", b: " + literal(good.certificate) + "}\nkeys: {a: " + literal(old.key) +
                          ", b: " + literal(good.key) +
                          "}\ncaCertBase64: " + literal(good.certificate) + "\n";
  const auto applied = process.apply(
      testing::pipeline_text("p") + testing::http_server_text("s", testing::free_port(), "p", tls));
  ASSERT_TRUE(applied) << applied.error().message;
  std::vector<std::string> places;
  for (const auto& one : process->certificates()) places.push_back(one.place);
  EXPECT_THAT(places, ElementsAre("HTTPServer s certs.a", "HTTPServer s certs.b",
                                  "HTTPServer s caCertBase64"));
  EXPECT_THAT(process->troubles(),
              ElementsAre(HasSubstr("HTTPServer s certs.a: the certificate of CN=old.example has "
                                    "expired: it ended at ")));
  ASSERT_TRUE(process->remove("s"));
  EXPECT_THAT(process->troubles(), ElementsAre());
}

}  // namespace
}  // namespace sluice::control
