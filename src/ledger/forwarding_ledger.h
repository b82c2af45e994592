#pragma once
// For tests: a ledger that is another one, but for what a test has it do differently.

#include "ledger/ledger.h"

namespace limner {

class ForwardingLedger : public Ledger {
 public:
  explicit ForwardingLedger(Ledger& inner) : inner_(inner) {}
  TenantTable& tenants() override { return inner_.tenants(); }
  JobTable& jobs() override { return inner_.jobs(); }
  PictureTable& pictures() override { return inner_.pictures(); }
  UsageTable& usage() override { return inner_.usage(); }
  UploadTable& uploads() override { return inner_.uploads(); }
  BatchTable& batches() override { return inner_.batches(); }
  DeliveryTable& deliveries() override { return inner_.deliveries(); }
  SettingTable& settings() override { return inner_.settings(); }
  AuditTable& audit() override { return inner_.audit(); }
  IncidentTable& incidents() override { return inner_.incidents(); }
  ReviewTable& reviews() override { return inner_.reviews(); }
  PanelTable& panels() override { return inner_.panels(); }
  DataKeyTable& data_keys() override { return inner_.data_keys(); }
  Result<void> backup(const std::filesystem::path& to) override { return inner_.backup(to); }
  Result<void> flush() override { return inner_.flush(); }
  Result<int64_t> seal_texts() override { return inner_.seal_texts(); }
  Result<void> settle() override { return inner_.settle(); }
  Result<void> probe() override { return inner_.probe(); }

 private:
  Ledger& inner_;
};

}  // namespace limner
