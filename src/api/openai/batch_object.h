#pragma once
// OpenAI's batch object, and the lines of its files.

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "ledger/batches.h"

namespace limner {

/// What a batch may hold at most (OpenAI's own bounds).
inline constexpr int kBatchLinesMax = 50'000;

/// {"id","object":"batch","endpoint","errors","input_file_id","completion_window","status",...}.
Json batch_object(const Batch& batch);

/// What is wrong with an input file, line by line, as "errors" of the batch object has it.
struct BatchFault {
  int line = 0;
  std::string code, message, param;
};

/// Reads an input file: JSONL of {"custom_id","method":"POST","url","body"}. Every line must be for
/// `endpoint` and have a custom_id of its own. With faults, no items.
struct BatchFile {
  std::vector<BatchItem> items;
  std::vector<BatchFault> faults;
};
BatchFile read_batch_file(std::string_view text, const Batch& batch);
Json faults_object(const std::vector<BatchFault>& faults);

/// A line of the output or error file.
std::string output_line(const BatchItem& item);

}  // namespace limner
