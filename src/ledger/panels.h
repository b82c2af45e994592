#pragma once
// Panels: pairs of pictures of which people say, without knowing whose they are, which is the better one.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/audit_event.h"
#include "base/clock.h"
#include "base/result.h"

namespace limner {

/// Which of a pair is better. The numbers are in the ledger: never renumber.
enum class PanelChoice : uint8_t { first = 0, second = 1, tie = 2 };
const char* panel_choice_name(PanelChoice choice);  ///< "a", "b", "tie"
Result<PanelChoice> panel_choice_from_name(std::string_view name);

struct PanelPair {
  std::string a, b;                      ///< pictures
  std::string label_a, label_b;          ///< what is compared: the models that drew them
  std::optional<PanelChoice> gold = {};  ///< what everybody should say: shows who does not look
};

struct Panel {
  std::string id;  ///< "pan_..."
  std::string name;
  AuditParty made_by;
  TimeUs created = 0;
  int pairs = 0, votes = 0;
};

struct PanelVote {
  int pair = 0;
  AuditParty by;
  PanelChoice choice = PanelChoice::tie;
  bool swapped = false;  ///< b stood on the left
  TimeUs at = 0;
};

class PanelTable {
 public:
  virtual ~PanelTable() = default;
  virtual Result<void> create(const Panel& panel, const std::vector<PanelPair>& pairs) = 0;
  virtual Result<Panel> find(std::string_view id) = 0;
  /// Newest first.
  virtual Result<std::vector<Panel>> list(int limit) = 0;
  virtual Result<std::vector<PanelPair>> pairs(std::string_view id) = 0;
  virtual Result<std::vector<PanelVote>> votes(std::string_view id) = 0;
  /// `not_found` for a pair that it has not; `conflict` for a second vote of the same person.
  virtual Result<void> vote(std::string_view id, const PanelVote& vote) = 0;
};

}  // namespace limner
