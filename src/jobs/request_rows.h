#pragma once
// The one table of what a request may say beside the drawing parameters. Reading, writing, the schema and the
// documentation are made from it: a new member of JobRequest is a row here.

#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "jobs/job_request.h"

namespace limner {

struct TextMember {
  std::string JobRequest::*member;
  size_t bytes_max;
  std::string_view words;  ///< allowed, separated by '|'; empty: any text without control characters
};
struct WholeMember {
  int JobRequest::*member;
  int minimum, maximum;
};
struct NumberMember {
  double JobRequest::*member;
  double minimum, maximum;
};
struct FlagMember {
  bool JobRequest::*member;
};
/// A member with a form of its own (request_forms.h).
struct FormedMember {
  Result<void> (*read)(JobRequest& request, const Json& value, const std::string& field);
  Json (*write)(const JobRequest& request);  ///< null: nothing to say
  Json (*schema)();
};

enum class ForTask { generate, both };

struct RequestRow {
  std::string_view name;
  ForTask task;
  std::string_view doc;
  std::variant<TextMember, WholeMember, NumberMember, FlagMember, FormedMember> member;
};

std::span<const RequestRow> request_rows();

/// Whether a request of this task may say it: what would not be looked at is refused.
bool goes_with(const RequestRow& row, std::string_view task);
/// Sets the row's member; `invalid` names the field, the value and what is allowed.
Result<void> read_row(const RequestRow& row, JobRequest& request, const Json& value);
/// The row's member; null where there is nothing to say.
Json write_row(const RequestRow& row, const JobRequest& request);
Json row_schema(const RequestRow& row);

}  // namespace limner
