#include "ledger/sqlite/panel_table.h"

#include <fmt/format.h>

namespace limner {

namespace {
constexpr const char* kPanelChoices[] = {"a", "b", "tie"};
}  // namespace

const char* panel_choice_name(PanelChoice choice) { return kPanelChoices[static_cast<size_t>(choice)]; }

Result<PanelChoice> panel_choice_from_name(std::string_view name) {
  for (size_t i = 0; i < std::size(kPanelChoices); ++i)
    if (name == kPanelChoices[i]) return static_cast<PanelChoice>(i);
  return invalid("gold", fmt::format("'{}' is none of a, b, tie", name.substr(0, 40)));
}

namespace sqlite {
namespace {

constexpr std::string_view kPanelColumns =
    "SELECT id, name, made_kind, made_by, created, (SELECT count(*) FROM panel_pairs WHERE panel = id),"
    " (SELECT count(*) FROM panel_votes WHERE panel = id) FROM panels ";

Result<Panel> read_panel(const Rows& rows) {
  return Panel{rows.text(0),    rows.text(1),   {rows.text(2), rows.text(3)},
               rows.integer(4), rows.number(5), rows.number(6)};
}

Result<PanelPair> read_pair(const Rows& rows) {
  PanelPair pair{rows.text(0), rows.text(1), rows.text(2), rows.text(3)};
  if (!rows.is_null(4)) pair.gold = static_cast<PanelChoice>(rows.number(4));
  return pair;
}

Result<PanelVote> read_vote(const Rows& rows) {
  return PanelVote{rows.number(0),
                   {rows.text(1), rows.text(2)},
                   static_cast<PanelChoice>(rows.number(3)),
                   rows.boolean(4),
                   rows.integer(5)};
}

}  // namespace

Result<void> SqlitePanelTable::create(const Panel& panel, const std::vector<PanelPair>& pairs) {
  return database_.write([&](Connection& db) -> Result<void> {
    TRY(db.run("INSERT INTO panels (id, name, made_kind, made_by, created) VALUES (?, ?, ?, ?, ?)",
               {panel.id, panel.name, panel.made_by.kind, panel.made_by.id, panel.created}));
    for (size_t i = 0; i < pairs.size(); ++i)
      TRY(db.run(
          "INSERT INTO panel_pairs (panel, pair, a, b, label_a, label_b, gold) VALUES (?, ?, ?, ?, ?, ?, ?)",
          {panel.id, i, pairs[i].a, pairs[i].b, pairs[i].label_a, pairs[i].label_b, pairs[i].gold}));
    AuditEvent event{"panel.create", panel.made_by, {"panel", panel.id}};
    event.details = {{"pairs", pairs.size()}};
    TRY(audit_.append(db, event));
    return {};
  });
}

Result<Panel> SqlitePanelTable::find(std::string_view id) {
  return database_.read([&](Connection& db) -> Result<Panel> {
    std::optional<Panel> panel =
        TRY(db.first<Panel>(read_panel, std::string(kPanelColumns) + "WHERE id = ?", {id}));
    if (!panel) return not_found("panel", fmt::format("there is no panel '{}'", id.substr(0, 100)));
    return std::move(*panel);
  });
}

Result<std::vector<Panel>> SqlitePanelTable::list(int limit) {
  return database_.read([&](Connection& db) {
    return db.collect<Panel>(read_panel, std::string(kPanelColumns) + "ORDER BY id DESC LIMIT ?", {limit});
  });
}

Result<std::vector<PanelPair>> SqlitePanelTable::pairs(std::string_view id) {
  return database_.read([&](Connection& db) {
    return db.collect<PanelPair>(
        read_pair, "SELECT a, b, label_a, label_b, gold FROM panel_pairs WHERE panel = ? ORDER BY pair",
        {id});
  });
}

Result<std::vector<PanelVote>> SqlitePanelTable::votes(std::string_view id) {
  return database_.read([&](Connection& db) {
    return db.collect<PanelVote>(read_vote,
                                 "SELECT pair, by_kind, by_id, choice, swapped, at FROM panel_votes"
                                 " WHERE panel = ? ORDER BY pair, by_kind, by_id",
                                 {id});
  });
}

Result<void> SqlitePanelTable::vote(std::string_view id, const PanelVote& vote) {
  return database_.write([&](Connection& db) -> Result<void> {
    const int64_t known =
        TRY(db.integer("SELECT count(*) FROM panel_pairs WHERE panel = ? AND pair = ?", {id, vote.pair}));
    if (known == 0) return not_found("pair", fmt::format("the panel has no pair {}", vote.pair));
    const int made =
        TRY(db.run("INSERT INTO panel_votes (panel, pair, by_kind, by_id, choice, swapped, at)"
                   " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                   {id, vote.pair, vote.by.kind, vote.by.id, vote.choice, vote.swapped, vote.at}));
    if (made == 0) return Error{Code::conflict, "pair", "you said it before", ""};
    return {};
  });
}

}  // namespace sqlite
}  // namespace limner
