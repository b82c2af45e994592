#pragma once
// What was done, by whom and to what; and the leaf of the log that says so without naming anybody.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

namespace limner {

/// Somebody or something: "key" and its id, "person" and a name of the machine's, "tenant" and its id; or
/// "system" (the server by itself), "picture", "file", "model", "tier", "incident", "settings", "job",
/// "review", "panel".
struct AuditParty {
  std::string kind = "system";
  std::string id;

  bool operator==(const AuditParty&) const = default;
};

struct AuditEvent {
  std::string action;  ///< "key.create": letters, '.' and '_'
  AuditParty by;
  AuditParty about;
  /// Plain facts, readable for ever: whole numbers, flags, names of ours. Never a prompt, a person or a key.
  Json details = Json::object();
  /// What must not be readable for ever: (name, value). A salted hash of each goes into the leaf.
  std::vector<std::pair<std::string, std::string>> sealed = {};
};

/// A value whose hash is in a leaf. Without its salt the hash says nothing.
struct SealedValue {
  std::string name;  ///< "by", "about", or a name of AuditEvent::sealed
  std::string salt;  ///< 32 random bytes
  std::string value;
};

struct AuditLeaf {
  std::string text;                 ///< canonical JSON
  std::vector<SealedValue> sealed;  ///< kept beside the log, so that they can be erased
};

/// The hash that stands for `value` in a leaf: hexadecimal HMAC-SHA-256 with the salt as its key.
std::string sealed_hash(std::string_view salt, std::string_view value);

/// The leaf of number `seq` of the log: JSON in the order of RFC 8785 with whole numbers only, so that one
/// event has one text. Keys, persons and tenants appear as salted hashes. `invalid` for an action, a detail
/// or a length that a leaf does not take.
Result<AuditLeaf> encode_leaf(const AuditEvent& event, uint64_t seq, TimeUs time,
                              const std::function<std::string()>& new_salt);

}  // namespace limner
