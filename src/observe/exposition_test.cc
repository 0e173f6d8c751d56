// SPDX-License-Identifier: Apache-2.0
#include "observe/exposition.h"

#include <gtest/gtest.h>

namespace sluice::observe {
namespace {

constexpr MetricFamily kHits{"hits_total", MetricType::counter, "Hits."};
constexpr MetricFamily kAge{"age_seconds", MetricType::gauge, "Age."};
constexpr MetricFamily kTime{"time_ms", MetricType::summary, "Time."};

TEST(Exposition, AFamilyStandsTogether) {
  Exposition out;
  out.add(kHits, {{"name", "a"}}, 1);
  out.add(kAge, {}, 0.25);
  out.add(kHits, {{"name", "b"}, {"kind", "k"}}, 1e15);
  EXPECT_EQ(out.text(),
            "# HELP age_seconds Age.\n# TYPE age_seconds gauge\nage_seconds 0.25\n"
            "# HELP hits_total Hits.\n# TYPE hits_total counter\n"
            "hits_total{name=\"a\"} 1\nhits_total{name=\"b\",kind=\"k\"} 1e+15\n");
}

TEST(Exposition, ASummaryHasASumAndACount) {
  Exposition out;
  out.add(kTime, {{"quantile", "0.5"}}, 2);
  out.add(kTime, {}, 7.5, "_sum");
  out.add(kTime, {}, 3, "_count");
  EXPECT_EQ(out.text(),
            "# HELP time_ms Time.\n# TYPE time_ms summary\n"
            "time_ms{quantile=\"0.5\"} 2\ntime_ms_sum 7.5\ntime_ms_count 3\n");
}

TEST(Exposition, NoValueOfALabelEndsIt) {
  Exposition out;
  out.add(kAge, {{"name", "a\"} 1\n\\"}}, 1);
  EXPECT_TRUE(out.text().ends_with("age_seconds{name=\"a\\\"} 1\\n\\\\\"} 1\n")) << out.text();
}

constexpr MetricFamily kSent{"sent_bytes_total", MetricType::counter, "Sent.", "bytes", "a,b"};
constexpr MetricFamily kWait{"wait_seconds", MetricType::histogram, "Wait.", "seconds", "a"};
constexpr MetricFamily kSize{"size_bytes", MetricType::summary, "Size.", "bytes"};

TEST(Exposition, LabelsAreThoseOfTheFamily) {
  Exposition out;
  out.sample(kSent, {"x", "y"}, 3);
  EXPECT_TRUE(out.text().ends_with("sent_bytes_total{a=\"x\",b=\"y\"} 3\n")) << out.text();
}

TEST(Exposition, AHistogramCountsUpwards) {
  DurationTable table(1, 1);
  table.add(0, 0, std::chrono::milliseconds(2));
  table.add(0, 0, std::chrono::seconds(7));
  Exposition out;
  out.histogram(kWait, {"x"}, table.sum(0));
  const std::string text = out.text();
  EXPECT_NE(text.find("wait_seconds_bucket{a=\"x\",le=\"0.001\"} 0\n"), std::string::npos) << text;
  EXPECT_NE(text.find("wait_seconds_bucket{a=\"x\",le=\"5.0\"} 1\n"), std::string::npos) << text;
  EXPECT_TRUE(
      text.ends_with("wait_seconds_bucket{a=\"x\",le=\"+Inf\"} 2\n"
                     "wait_seconds_sum{a=\"x\"} 7.002\nwait_seconds_count{a=\"x\"} 2\n"))
      << text;
}

TEST(Exposition, OpenMetricsHasUnitsAndAnEnd) {
  Exposition out(ExpositionFormat::open_metrics);
  out.sample(kSent, {"x", "y"}, 3);
  out.quantile(kSize, {}, "0.5", 9);
  EXPECT_EQ(out.text(),
            "# HELP sent_bytes Sent.\n# TYPE sent_bytes counter\n# UNIT sent_bytes bytes\n"
            "sent_bytes_total{a=\"x\",b=\"y\"} 3\n"
            "# HELP size_bytes Size.\n# TYPE size_bytes summary\n# UNIT size_bytes bytes\n"
            "size_bytes{quantile=\"0.5\"} 9\n# EOF\n");
}

TEST(Exposition, ACounterWithoutTotalIsUnknownToOpenMetrics) {
  static constexpr MetricFamily kOld{"total_hits", MetricType::counter, "Hits."};
  Exposition out(ExpositionFormat::open_metrics);
  out.add(kOld, {}, 1);
  EXPECT_EQ(out.text(),
            "# HELP total_hits Hits.\n# TYPE total_hits unknown\ntotal_hits 1\n# EOF\n");
}

TEST(Exposition, ALabelIsUtf8) {
  Exposition out;
  out.sample(kWait, {"\xc3\xa4\xff\""}, 1);
  EXPECT_TRUE(out.text().ends_with("wait_seconds{a=\"\xc3\xa4\xef\xbf\xbd\\\"\"} 1\n"))
      << out.text();
}

TEST(Exposition, NothingIsNothing) { EXPECT_EQ(Exposition().text(), ""); }

}  // namespace
}  // namespace sluice::observe
