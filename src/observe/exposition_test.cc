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

TEST(Exposition, NothingIsNothing) { EXPECT_EQ(Exposition().text(), ""); }

}  // namespace
}  // namespace sluice::observe
