// Tests that need the proc connector.
#pragma once

#include <gtest/gtest.h>

#include "connector/connector_source.h"
#include "live/support/live_test.h"

namespace daybook {

// Where the kernel refuses it, these tests are reported as skipped.
class ConnectorTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto source = ConnectorSource::Open({});
    if (!source) SkipButInCi(source.error().message());
  }
};

}  // namespace daybook
