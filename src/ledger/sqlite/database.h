#pragma once
// Where tables read and write.

#include "ledger/sqlite/read_pool.h"
#include "ledger/sqlite/writer.h"

namespace limner::sqlite {

/// Hands Result<T>(Connection&) to where they may run. Thread-safe.
class Database {
 public:
  Database(Writer& writer, ReadPool& readers) : writer_(writer), readers_(readers) {}

  /// In a transaction that is committed when this returns without an Error.
  template <class F>
  auto write(const F& f) {
    return writer_.run_for(f);
  }
  /// On a snapshot that has every write that has returned.
  template <class F>
  auto read(const F& f) {
    return readers_.run_for(f);
  }

 private:
  Writer& writer_;
  ReadPool& readers_;
};

}  // namespace limner::sqlite
