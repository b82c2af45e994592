#include "ledger/sqlite/audit_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "audit/checkpoint.h"
#include "audit/log_key.h"
#include "audit/merkle_tree.h"
#include "audit/row_seal.h"
#include "base/crypto.h"
#include "ledger/sqlite/audit_appender.h"

namespace limner::sqlite {
namespace {

constexpr size_t kFoundMax = 1000;

// A key of the log, and the leaf from which on it sealed.
struct LogKey {
  uint64_t since = 0;
  NoteVerifier verifier;
};

// A root that somebody vouched for, by the size of its tree.
struct Vouched {
  uint64_t size = 0;
  std::string root, frontier;  ///< frontier: of a row of ours, in base64
  bool ours = true;            ///< else a witness's
};

class AuditCheck {
 public:
  AuditCheck(Connection& db, std::vector<Disagreement>& found) : db_(db), found_(found) {}

  Result<AuditReport> run(const std::filesystem::path& key_path, const AuditWitness& witness) {
    const int64_t size = TRY(db_.integer("SELECT size FROM audit_head"));
    const int64_t rows = TRY(db_.integer("SELECT count(*) FROM audit_log"));
    TRY(read_keys());
    TRY(find_sealer(key_path, size > 0 || rows > 0));
    check_public_key(witness.public_key);
    TRY(read_checkpoints());
    read_witnesses(witness.checkpoints);
    TRY(walk());
    check_unreached();
    TRY(check_head(static_cast<uint64_t>(size)));
    check_key_changes();
    TRY(check_sealed());
    report_.size = tree_.size();
    report_.root = tree_.root();
    report_.keys = static_cast<int>(keys_.size());
    if (!keys_.empty()) report_.public_key = keys_.back().verifier.text();
    return report_;
  }

 private:
  void add(const char* rule, std::string row, std::string text) {
    if (found_.size() < kFoundMax) found_.push_back({rule, std::move(row), std::move(text)});
  }
  static std::string leaf_name(uint64_t seq) { return fmt::format("leaf {}", seq); }
  static std::string checkpoint_name(uint64_t size) { return fmt::format("checkpoint {}", size); }

  Result<void> read_keys() {
    Rows rows = TRY(db_.query("SELECT since, public FROM audit_keys ORDER BY since"));
    while (TRY(rows.next())) {
      Result<NoteVerifier> verifier = NoteVerifier::parse(rows.text(1), "audit_keys");
      if (verifier)
        keys_.push_back({rows.unsigned_integer(0), std::move(*verifier)});
      else
        add("audit_key_is_whole", fmt::format("key {}", rows.integer(0)), verifier.error().text());
    }
    return {};
  }

  Result<void> find_sealer(const std::filesystem::path& path, bool any) {
    std::optional<NoteSigner> signer = TRY(read_log_key(path));
    if (!any) return {};
    if (!signer) {
      add("audit_key_exists", path.filename().string(),
          "is missing: the seals of the leaves cannot be checked");
    } else if (keys_.empty() || keys_.back().verifier.text() != signer->verifier().text()) {
      add("audit_key_exists", path.filename().string(), "is not the key that sealed the last leaves");
    } else {
      sealer_.emplace(*signer);
    }
    return {};
  }

  void check_public_key(const std::string& known) {
    if (known.empty()) return;
    const bool same = !keys_.empty() && keys_.back().verifier.text() == known;
    if (!same) add("audit_key_is_known", "", "the log is signed with another key than the one that is known");
  }

  // The key that was in force when the tree had `size` leaves.
  const NoteVerifier* key_at(uint64_t size) const {
    const NoteVerifier* key = nullptr;
    for (const LogKey& each : keys_)
      if (each.since < size) key = &each.verifier;
    return key;
  }

  Result<void> read_checkpoints() {
    Rows rows = TRY(db_.query("SELECT size, note, frontier FROM audit_checkpoints ORDER BY size"));
    while (TRY(rows.next())) {
      const uint64_t size = rows.unsigned_integer(0);
      ++report_.checkpoints;
      const NoteVerifier* key = key_at(size);
      if (!key) {
        add("audit_checkpoint_is_signed", checkpoint_name(size), "no key of the log can have signed it");
        continue;
      }
      const Result<Checkpoint> checkpoint = open_checkpoint(rows.text(1), *key, "note");
      if (!checkpoint)
        add("audit_checkpoint_is_signed", checkpoint_name(size), checkpoint.error().text());
      else if (checkpoint->size != size)
        add("audit_checkpoint_is_signed", checkpoint_name(size),
            fmt::format("says {} leaves", checkpoint->size));
      else
        vouched_.insert({size, {size, checkpoint->root, rows.text(2), true}});
      report_.covered = std::max(report_.covered, size);
    }
    return {};
  }

  void read_witnesses(const std::vector<std::string>& notes) {
    for (const std::string& note : notes) {
      bool read = false;
      for (const LogKey& key : keys_) {
        const Result<Checkpoint> checkpoint = open_checkpoint(note, key.verifier, "checkpoint");
        if (!checkpoint) continue;
        read = true;
        if (checkpoint->size > 0)
          vouched_.insert({checkpoint->size, {checkpoint->size, checkpoint->root, "", false}});
      }
      if (!read)
        add("audit_witness_is_signed", "", "the checkpoint given is not signed by a key of this log");
    }
  }

  Result<void> walk() {
    Rows rows = TRY(db_.query("SELECT seq, leaf, seal FROM audit_log ORDER BY seq"));
    bool gap = false;
    while (TRY(rows.next())) {
      const uint64_t seq = rows.unsigned_integer(0);
      const std::string leaf = rows.text(1);
      if (seq != tree_.size() && !std::exchange(gap, true))
        add("audit_leaves_have_no_gap", leaf_name(tree_.size()), "is missing");
      check_leaf(seq, leaf);
      check_seal(seq, leaf, rows.text(2));
      last_seal_ = rows.text(2);
      tree_.append(leaf_hash(leaf));
      check_vouched();
    }
    return {};
  }

  void check_leaf(uint64_t seq, const std::string& leaf) {
    const Result<Json> json = parse_json(leaf, "leaf");
    if (!json || !json->is_object() || !json->contains("seq") || (*json)["seq"] != seq)
      add("audit_leaf_has_its_number", leaf_name(seq), "is another leaf, or none");
  }

  void check_seal(uint64_t seq, const std::string& leaf, const std::string& seal) {
    if (!sealer_ || keys_.empty() || seq < keys_.back().since) return;
    if (sealer_->row(last_seal_, seq, leaf) != seal)
      add("audit_leaf_is_sealed", leaf_name(seq), "it, or the leaf before, is not what was sealed");
  }

  void check_vouched() {
    const auto [first, last] = vouched_.equal_range(tree_.size());
    if (first == last) return;
    const std::string root = tree_.root();
    for (auto at = first; at != last; ++at) {
      if (at->second.root != root)
        add(at->second.ours ? "audit_checkpoint_has_the_trees_root" : "audit_log_is_what_the_witness_saw",
            checkpoint_name(tree_.size()), "the leaves before it are not those that were signed");
      else if (at->second.ours && at->second.frontier != to_base64(tree_.bytes()))
        add("audit_checkpoint_goes_on", checkpoint_name(tree_.size()), "its frontier is not the tree's");
    }
  }

  void check_unreached() {
    for (auto at = vouched_.upper_bound(tree_.size()); at != vouched_.end(); ++at)
      add(at->second.ours ? "audit_checkpoint_has_the_trees_root" : "audit_log_is_what_the_witness_saw",
          checkpoint_name(at->first), fmt::format("the log has {} leaves left", tree_.size()));
  }

  Result<void> check_head(uint64_t size) {
    if (size != tree_.size())
      add("audit_log_has_its_length", "", fmt::format("had {} leaves; {} are there", size, tree_.size()));
    if (size == 0 && tree_.size() == 0 && TRY(log_was_emptied(db_)))
      add("audit_log_has_its_length", "", "it is empty, though there are tenants and keys that it told of");
    if (!sealer_ || size == 0) return {};
    const std::optional<std::string> seal =
        TRY(db_.first<std::string>(text_column, "SELECT seal FROM audit_head"));
    if (seal != sealer_->head(tree_.size(), last_seal_))
      add("audit_log_has_its_length", "", "its end is not what was sealed");
    return {};
  }

  // Only a checkpoint still holds leaves whose key is gone.
  void check_key_changes() {
    for (size_t i = 1; i < keys_.size(); ++i) {
      uint64_t covered = 0;
      for (const auto& [size, vouched] : vouched_)
        if (size <= keys_[i].since) covered = size;
      if (covered < keys_[i].since)
        add("audit_key_change_is_covered", leaf_name(covered),
            fmt::format("and those up to {} were under no checkpoint when their key was replaced",
                        keys_[i].since - 1));
    }
  }

  Result<void> check_sealed() {
    Rows rows =
        TRY(db_.query("SELECT audit_sealed.seq, name, salt, value, leaf FROM audit_sealed"
                      " LEFT JOIN audit_log ON audit_log.seq = audit_sealed.seq"));
    while (TRY(rows.next())) {
      const std::string name = rows.text(1);
      const Result<std::string> salt = from_base64(rows.text(2), "salt", 64);
      const Result<Json> leaf = parse_json(rows.text(4), "leaf");
      const bool same = salt && leaf && hash_in(*leaf, name) == sealed_hash(*salt, rows.text(3));
      if (!same)
        add("audit_sealed_value_is_the_leafs", fmt::format("leaf {} {}", rows.integer(0), name),
            "is not the value whose hash is in the leaf");
    }
    return {};
  }

  static std::string hash_in(const Json& leaf, const std::string& name) {
    if (!leaf.is_object()) return {};
    if (name == "by" || name == "about") {
      const auto party = leaf.find(name);
      return party != leaf.end() && party->is_object() ? text_of(*party, "hash") : "";
    }
    const auto sealed = leaf.find("sealed");
    return sealed != leaf.end() && sealed->is_object() ? text_of(*sealed, name) : "";
  }
  static std::string text_of(const Json& object, const std::string& name) {
    const auto member = object.find(name);
    return member != object.end() && member->is_string() ? member->get<std::string>() : "";
  }

  Connection& db_;
  std::vector<Disagreement>& found_;
  AuditReport report_;
  std::vector<LogKey> keys_;
  std::optional<RowSealer> sealer_;
  std::multimap<uint64_t, Vouched> vouched_;
  MerkleFrontier tree_;
  std::string last_seal_;
};

}  // namespace

Result<AuditReport> check_audit(Connection& db, const std::filesystem::path& key_path,
                                const AuditWitness& witness, std::vector<Disagreement>& found) {
  return AuditCheck(db, found).run(key_path, witness);
}

}  // namespace limner::sqlite
