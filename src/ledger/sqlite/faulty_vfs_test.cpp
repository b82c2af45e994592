#include "ledger/sqlite/faulty_vfs.h"

namespace limner::sqlite {

struct FaultyVfs::File {
  sqlite3_file base;  // first: SQLite knows the file by it
  FaultyVfs* vfs;
  sqlite3_file* real;  // lies behind this

  static File& of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
  static sqlite3_file* real_of(sqlite3_file* file) { return of(file).real; }
};

namespace {

FaultyVfs* self(sqlite3_vfs* vfs) { return static_cast<FaultyVfs*>(vfs->pAppData); }

}  // namespace

FaultyVfs::FaultyVfs() : real_(sqlite3_vfs_find(nullptr)), vfs_(*real_) {
  vfs_.pNext = nullptr;
  vfs_.zName = "faulty";
  vfs_.pAppData = this;
  vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
  vfs_.xOpen = open;
  vfs_.xDelete = [](sqlite3_vfs* vfs, const char* name, int sync) {
    return self(vfs)->real_->xDelete(self(vfs)->real_, name, sync);
  };
  vfs_.xAccess = [](sqlite3_vfs* vfs, const char* name, int flags, int* out) {
    return self(vfs)->real_->xAccess(self(vfs)->real_, name, flags, out);
  };
  vfs_.xFullPathname = [](sqlite3_vfs* vfs, const char* name, int size, char* out) {
    return self(vfs)->real_->xFullPathname(self(vfs)->real_, name, size, out);
  };
  sqlite3_vfs_register(&vfs_, 1);
}

FaultyVfs::~FaultyVfs() {
  sqlite3_vfs_unregister(&vfs_);
  sqlite3_vfs_register(real_, 1);
}

void FaultyVfs::fail(int call, int count, int code) {
  count_ = 0;
  calls_ = 0;
  failed_ = 0;
  first_ = call;
  code_ = code;
  count_ = count;
}

int FaultyVfs::next_call() {
  const int call = calls_++;
  if (call < first_ || call - first_ >= count_) return SQLITE_OK;
  ++failed_;
  return code_;
}

int FaultyVfs::open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  File& mine = File::of(file);
  mine.vfs = self(vfs);
  mine.real = reinterpret_cast<sqlite3_file*>(&mine + 1);
  const int code = mine.vfs->real_->xOpen(mine.vfs->real_, name, mine.real, flags, out_flags);
  mine.base.pMethods = mine.real->pMethods ? &methods() : nullptr;
  return code;
}

const sqlite3_io_methods& FaultyVfs::methods() {
  static const sqlite3_io_methods kMethods = [] {
    sqlite3_io_methods m{};
    m.iVersion = 2;
    m.xClose = [](sqlite3_file* f) { return File::real_of(f)->pMethods->xClose(File::real_of(f)); };
    m.xRead = [](sqlite3_file* f, void* bytes, int count, sqlite3_int64 at) {
      return File::real_of(f)->pMethods->xRead(File::real_of(f), bytes, count, at);
    };
    m.xWrite = [](sqlite3_file* f, const void* bytes, int count, sqlite3_int64 at) {
      const int code = File::of(f).vfs->next_call();
      return code ? code : File::real_of(f)->pMethods->xWrite(File::real_of(f), bytes, count, at);
    };
    m.xTruncate = [](sqlite3_file* f, sqlite3_int64 size) {
      const int code = File::of(f).vfs->next_call();
      return code ? code : File::real_of(f)->pMethods->xTruncate(File::real_of(f), size);
    };
    m.xSync = [](sqlite3_file* f, int flags) {
      const int code = File::of(f).vfs->next_call();
      return code ? code : File::real_of(f)->pMethods->xSync(File::real_of(f), flags);
    };
    m.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) {
      return File::real_of(f)->pMethods->xFileSize(File::real_of(f), size);
    };
    m.xLock = [](sqlite3_file* f, int lock) {
      return File::real_of(f)->pMethods->xLock(File::real_of(f), lock);
    };
    m.xUnlock = [](sqlite3_file* f, int lock) {
      return File::real_of(f)->pMethods->xUnlock(File::real_of(f), lock);
    };
    m.xCheckReservedLock = [](sqlite3_file* f, int* out) {
      return File::real_of(f)->pMethods->xCheckReservedLock(File::real_of(f), out);
    };
    m.xFileControl = [](sqlite3_file* f, int what, void* value) {
      return File::real_of(f)->pMethods->xFileControl(File::real_of(f), what, value);
    };
    m.xSectorSize = [](sqlite3_file* f) { return File::real_of(f)->pMethods->xSectorSize(File::real_of(f)); };
    m.xDeviceCharacteristics = [](sqlite3_file* f) {
      return File::real_of(f)->pMethods->xDeviceCharacteristics(File::real_of(f));
    };
    m.xShmMap = [](sqlite3_file* f, int page, int size, int extend, void volatile** out) {
      return File::real_of(f)->pMethods->xShmMap(File::real_of(f), page, size, extend, out);
    };
    m.xShmLock = [](sqlite3_file* f, int offset, int count, int flags) {
      return File::real_of(f)->pMethods->xShmLock(File::real_of(f), offset, count, flags);
    };
    m.xShmBarrier = [](sqlite3_file* f) { File::real_of(f)->pMethods->xShmBarrier(File::real_of(f)); };
    m.xShmUnmap = [](sqlite3_file* f, int remove) {
      return File::real_of(f)->pMethods->xShmUnmap(File::real_of(f), remove);
    };
    return m;
  }();
  return kMethods;
}

}  // namespace limner::sqlite
