// Batches, their lines, and settings.

#include <algorithm>

#include "ledger/sqlite/job_test.h"

namespace limner {
namespace {

class BatchTest : public JobTest {
 protected:
  Batch create() {
    Batch batch;
    batch.id = new_id("batch");
    batch.tenant = test.tenant.id;
    batch.api_key = test.key.id;
    batch.endpoint = "/v1/images/generations";
    batch.input_file = "file_1";
    batch.metadata = {{"k", "v"}};
    batch.created = kTestTime;
    batch.expires = kTestTime + kDayUs;
    EXPECT_TRUE(batches().create(batch));
    return batch;
  }
  Batch begun(int lines) {
    Batch batch = create();
    std::vector<BatchItem> items;
    for (int line = 1; line <= lines; ++line)
      items.push_back({batch.id, line, "custom-" + std::to_string(line), {{"prompt", "x"}}});
    batch.in_progress = kTestTime + 1;
    EXPECT_TRUE(batches().add_items(batch, items));
    return batches().find(batch.id).value();
  }
  BatchTable& batches() { return test->batches(); }
};

TEST_F(BatchTest, GoItsWay) {
  Batch batch = begun(3);
  EXPECT_EQ(batch.state, BatchState::in_progress);
  EXPECT_EQ(batch.total, 3);
  EXPECT_EQ(batch.metadata, Json({{"k", "v"}}));
  EXPECT_EQ(batches().unfinished().value().size(), 1u);
  std::vector<BatchItem> open = batches().open_items(batch.id, 2).value();
  ASSERT_EQ(open.size(), 2u);
  EXPECT_EQ(open[0].custom_id, "custom-1");
  open[0].job = accept().id;
  ASSERT_TRUE(batches().update_item(open[0]));
  EXPECT_EQ(batches().open_items(batch.id, 1).value().at(0).job, open[0].job) << "no answer yet";
  open[0].status = 200;
  open[0].response = {{"data", Json::array()}};
  ASSERT_TRUE(batches().update_item(open[0]));
  ASSERT_TRUE(batches().update_item(open[0]));
  open[1].status = 400;
  ASSERT_TRUE(batches().update_item(open[1]));
  EXPECT_EQ(batches().open_items(batch.id, 9).value().at(0).line, 3);
  EXPECT_EQ(batches().items(batch.id, 1, 1).value().at(0).line, 2);
  batch.state = BatchState::completed;
  batch.output_file = "file_2";
  batch.ended = kTestTime + 2;
  ASSERT_TRUE(batches().update(batch));
  const Batch ended = batches().find(batch.id).value();
  EXPECT_EQ(ended.completed, 1) << "counted once, and not overwritten by an old copy";
  EXPECT_EQ(ended.failed, 1);
  EXPECT_EQ(ended.output_file, "file_2");
  EXPECT_EQ(batches().find_by_file(test.tenant.id, "file_2").value().id, batch.id);
  EXPECT_EQ(batches().find_by_file("ten_other", "file_2").error().code, Code::not_found);
  EXPECT_EQ(batches().find_by_file(test.tenant.id, "file_1").error().code, Code::not_found);
  EXPECT_TRUE(batches().unfinished().value().empty());
  EXPECT_EQ(batches().update(batch).error().code, Code::conflict);
  expect_consistent();
}

TEST_F(BatchTest, BeginsOnce) {
  const Batch batch = begun(1);
  EXPECT_EQ(batches().add_items(batch, {}).error().code, Code::conflict);
  EXPECT_EQ(batches().update_item({batch.id, 2}).error().code, Code::not_found);
  EXPECT_EQ(batches().find("batch_none").error().code, Code::not_found);
}

TEST_F(BatchTest, AreListedNewestFirst) {
  std::vector<std::string> ids = {create().id, create().id, create().id};
  std::sort(ids.begin(), ids.end());
  const std::vector<Batch> page = batches().list(test.tenant.id, 2, "").value();
  ASSERT_EQ(page.size(), 2u);
  EXPECT_EQ(page[0].id, ids[2]);
  EXPECT_EQ(batches().list(test.tenant.id, 9, page[1].id).value().at(0).id, ids[0]);
  EXPECT_TRUE(batches().list("ten_other", 9, "").value().empty());
}

TEST_F(BatchTest, SettingsStay) {
  SettingTable& settings = test->settings();
  EXPECT_FALSE(settings.get("a").value().has_value());
  EXPECT_EQ(settings.get_or_set("a", {{"x", 1}}).value(), Json({{"x", 1}}));
  EXPECT_EQ(settings.get_or_set("a", 2).value(), Json({{"x", 1}}));
  ASSERT_TRUE(settings.set("a", nullptr));
  test.open();
  EXPECT_EQ(test->settings().get("a").value(), Json());
  EXPECT_TRUE(test->probe());
}

}  // namespace
}  // namespace limner
