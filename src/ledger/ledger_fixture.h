#pragma once
// For tests: a ledger in a folder of its own, with a tenant and a key.

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/check.h"
#include "base/ids.h"
#include "ledger/ledger.h"

namespace limner {

/// An empty folder that is gone with its owner.
class LedgerFolder {
 public:
  LedgerFolder() {
    std::string name = (parent() / "limner-ledger-XXXXXX").string();
    LIMNER_CHECK(::mkdtemp(name.data()) != nullptr, "the temporary folder can be written to");
    path_ = name;
  }
  ~LedgerFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  LedgerFolder(const LedgerFolder&) = delete;
  LedgerFolder& operator=(const LedgerFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  // In memory where the system has such a place: a ledger syncs a lot.
  static std::filesystem::path parent() {
    const char* memory = "/dev/shm";
    return ::access(memory, W_OK) == 0 ? memory : std::filesystem::temp_directory_path();
  }

  std::filesystem::path path_;
};

/// 2026-01-15T12:00:00Z: neither a day nor a month is about to end.
inline constexpr TimeUs kTestTime = 1'768'478'400 * kSecondUs;

/// A picture as position `position` of the job.
inline PictureRow test_picture(const Job& job, int position) {
  PictureRow row;
  row.id = new_id("pic");
  row.position = position;
  row.seed = job.seed + static_cast<uint64_t>(position);
  row.sha256 = std::string(64, 'a');
  row.bytes = 1000;
  row.format = "png";
  row.width = 64;
  row.height = 32;
  row.key = "pictures/" + row.id + ".png";
  row.created = job.submitted;
  row.metadata = {{"seed", row.seed}};
  return row;
}

/// The end of a job under the lease of `owner`; with all its pictures, where it is stored.
inline JobEnd test_end(const Job& job, std::string owner, JobState state, TimeUs now, int64_t cost_micros) {
  JobEnd end;
  end.job = job.id;
  end.owner = std::move(owner);
  end.state = state;
  end.usage.engine_us = job.engine_us + 5000;
  end.usage.cost_micros = cost_micros;
  end.now = now;
  if (state == JobState::failed) end.error = {"internal", "", "a test wanted it", "", "infrastructure"};
  if (state != JobState::stored) return end;
  end.drawn_by = job.model;
  for (int i = 0; i < job.count; ++i) end.pictures.push_back(test_picture(job, i));
  return end;
}

/// A ledger with the tenant "ink" and a key of all scopes, both without limits.
class TestLedger {
 public:
  explicit TestLedger(Durability durability = Durability::process) : durability_(durability) {
    open();
    tenant.name = "ink";
    tenant.created = clock.now();
    tenant = ledger->tenants().create(tenant).value();
    const NewKey made = make_key(tenant.id, "first", static_cast<Scopes>(Scope::admin), clock.now(), 0);
    key = made.key;
    key_text = made.text;
    LIMNER_CHECK(ledger->tenants().create_key(key), "the key is new");
  }

  LedgerConfig config() const {
    LedgerConfig config{folder.path() / "ledger.sqlite", durability_};
    config.text_keys = text_keys;
    return config;
  }
  Ledger& operator*() const { return *ledger; }
  Ledger* operator->() const { return ledger.get(); }

  /// Closes the ledger, if it is open, and opens it again.
  void open() {
    ledger.reset();
    Result<std::unique_ptr<Ledger>> opened = open_ledger(config(), clock);
    if (!opened) check_failed(opened.error().text().c_str(), "a test's ledger opens", __FILE__, __LINE__);
    ledger = std::move(*opened);
  }

  /// A job of this tenant and key that has just been asked for.
  Job job() const {
    Job job;
    job.id = new_id("job");
    job.tenant = tenant.id;
    job.api_key = key.id;
    job.dialect = "native";
    job.model = "limner-tiny";
    job.prompt = "a red apple";
    job.request = {{"prompt", job.prompt}};
    job.submitted = clock.now();
    job.predicted_seconds = 1;
    job.reserved_micros = 100;
    return job;
  }

  LedgerFolder folder;
  ManualClock clock{kTestTime};
  Tenant tenant;
  ApiKey key;
  std::string key_text;
  TextKeys* text_keys = nullptr;  ///< for the next open()
  std::unique_ptr<Ledger> ledger;

 private:
  Durability durability_;
};

}  // namespace limner
