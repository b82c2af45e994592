#pragma once
// Batches: many requests in one file, as OpenAI's /v1/batches has them.

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

namespace limner {

/// The numbers are in the ledger: never renumber.
enum class BatchState : uint8_t {
  validating = 0,
  in_progress = 1,
  finalizing = 2,
  completed = 3,
  failed = 4,
  expired = 5,
  cancelling = 6,
  cancelled = 7
};
const char* batch_state_name(BatchState state);

struct Batch {
  std::string id;  ///< "batch_..."
  std::string tenant, api_key, endpoint, input_file, output_file, error_file;
  BatchState state = BatchState::validating;
  Json metadata, errors;  ///< errors: what was wrong with the input file
  TimeUs created = 0, in_progress = 0, finalizing = 0, ended = 0, expires = 0;
  int64_t output_expires_seconds = 0;  ///< after the end; 0: never
  int total = 0, completed = 0, failed = 0;
  std::string unreadable;  ///< why metadata and errors, which are null then, cannot be read; empty: they can
};

/// A line of a batch. Its job is accepted under the idempotency key "BATCH:LINE", so a crash repeats none.
struct BatchItem {
  std::string batch;
  int line = 0;  ///< 1-based
  std::string custom_id;
  Json body;               ///< of the request
  std::string job;         ///< empty: not accepted yet
  int status = 0;          ///< HTTP status of its answer; 0: none yet
  Json response;           ///< body of its answer; with pictures: which of them the output file holds
  std::string unreadable;  ///< why custom_id, body and response cannot be read; empty: they can
};

class BatchTable {
 public:
  virtual ~BatchTable() = default;
  virtual Result<void> create(const Batch& batch) = 0;
  virtual Result<Batch> find(std::string_view id) = 0;
  virtual Result<std::vector<Batch>> list(std::string_view tenant, int limit, std::string_view before) = 0;
  virtual Result<std::vector<Batch>> unfinished() = 0;
  virtual Result<void> update(const Batch& batch) = 0;
  /// Adds the lines and moves the batch to in_progress, in one transaction.
  virtual Result<void> add_items(const Batch& batch, const std::vector<BatchItem>& items) = 0;
  /// Lines without an answer, in order.
  virtual Result<std::vector<BatchItem>> open_items(std::string_view batch, int limit) = 0;
  virtual Result<std::vector<BatchItem>> items(std::string_view batch, int after_line, int limit) = 0;
  /// Writes job, status and response and counts completed / failed up when it is the line's first answer.
  virtual Result<void> update_item(const BatchItem& item) = 0;
  /// The tenant's batch that has this output or error file.
  virtual Result<Batch> find_by_file(std::string_view tenant, std::string_view file) = 0;
};

}  // namespace limner
