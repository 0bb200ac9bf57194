// What else a user would keep values in: LMDB and SQLite.
#include <lmdb.h>
#include <sqlite3.h>

#include <cstring>
#include <filesystem>

#include "bench/bench_values.hpp"
#include "bench/plain_database.hpp"
#include "bench/report_stores.hpp"

namespace cinch::bench {
namespace {

constexpr std::size_t value_bytes = 2u << 20;

class Lmdb {
 public:
  explicit Lmdb(const std::string& path) {
    check(mdb_env_create(&env_));
    check(mdb_env_set_mapsize(env_, std::size_t{1} << 30));
    check(mdb_env_open(env_, path.c_str(), MDB_NOSYNC, 0600));
    MDB_txn* txn = begin(0);
    check(mdb_dbi_open(txn, nullptr, 0, &db_));
    check(mdb_txn_commit(txn));
  }
  Lmdb(const Lmdb&) = delete;
  Lmdb& operator=(const Lmdb&) = delete;
  ~Lmdb() { mdb_env_close(env_); }

  void set(std::string key, ByteView value) {
    MDB_txn* txn = begin(0);
    MDB_val k{key.size(), key.data()};
    MDB_val v{value.size(), const_cast<std::byte*>(value.data())};
    check(mdb_put(txn, db_, &k, &v, 0));
    check(mdb_txn_commit(txn));
  }
  void get(std::string key, std::vector<std::byte>& to) {
    MDB_txn* txn = begin(MDB_RDONLY);
    MDB_val k{key.size(), key.data()};
    MDB_val v{};
    check(mdb_get(txn, db_, &k, &v));
    to.resize(v.mv_size);
    std::memcpy(to.data(), v.mv_data, v.mv_size);  // a value that outlives the transaction, as cinch's does
    mdb_txn_abort(txn);
  }

 private:
  static void check(int code) {
    if (code != 0) throw std::runtime_error(std::string("LMDB: ") + mdb_strerror(code));
  }
  MDB_txn* begin(unsigned flags) {
    MDB_txn* txn = nullptr;
    check(mdb_txn_begin(env_, nullptr, flags, &txn));
    return txn;
  }
  MDB_env* env_ = nullptr;
  MDB_dbi db_ = 0;
};

class Sqlite {
 public:
  explicit Sqlite(const std::string& path) {
    check(sqlite3_open(path.c_str(), &db_));
    run("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; CREATE TABLE kv (k TEXT PRIMARY KEY, v BLOB);");
    check(sqlite3_prepare_v2(db_, "INSERT OR REPLACE INTO kv VALUES (?, ?)", -1, &set_, nullptr));
    check(sqlite3_prepare_v2(db_, "SELECT v FROM kv WHERE k = ?", -1, &get_, nullptr));
  }
  Sqlite(const Sqlite&) = delete;
  Sqlite& operator=(const Sqlite&) = delete;
  ~Sqlite() {
    sqlite3_finalize(set_);
    sqlite3_finalize(get_);
    sqlite3_close(db_);
  }

  void set(const std::string& key, ByteView value) {
    check(sqlite3_bind_text(set_, 1, key.data(), static_cast<int>(key.size()), SQLITE_STATIC));
    check(sqlite3_bind_blob64(set_, 2, value.data(), value.size(), SQLITE_STATIC));
    if (sqlite3_step(set_) != SQLITE_DONE) check(SQLITE_ERROR);
    sqlite3_reset(set_);
  }
  void get(const std::string& key, std::vector<std::byte>& to) {
    check(sqlite3_bind_text(get_, 1, key.data(), static_cast<int>(key.size()), SQLITE_STATIC));
    if (sqlite3_step(get_) != SQLITE_ROW) check(SQLITE_ERROR);
    to.resize(static_cast<std::size_t>(sqlite3_column_bytes(get_, 0)));
    std::memcpy(to.data(), sqlite3_column_blob(get_, 0), to.size());
    sqlite3_reset(get_);
  }

 private:
  void run(const char* sql) { check(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr)); }
  void check(int code) {
    if (code != SQLITE_OK) throw std::runtime_error(std::string("SQLite: ") + sqlite3_errmsg(db_));
  }
  sqlite3* db_ = nullptr;
  sqlite3_stmt* set_ = nullptr;
  sqlite3_stmt* get_ = nullptr;
};

template <class Peer>
void store_rows(Report& report, const char* name, Peer& peer, CompressedKvStore& own) {
  const std::vector<std::vector<std::byte>>& all = values("json", value_bytes);
  std::vector<std::byte> to;
  for (std::size_t i = 0; i < 8; ++i) {
    const std::string key = "k" + std::to_string(i);
    peer.set(key, all[i % all.size()]);
    peer.get(key, to);
    if (to != all[i % all.size()]) report.wrong(name);
    set_and_check(report, own, key, all[i % all.size()]);
  }
  std::size_t at = 0;
  const auto next = [&] { return at++ % 8; };
  const auto key_of = [](std::size_t i) { return "k" + std::to_string(i); };
  const std::string what = "JSON, " + own.codec()->format().spec() + " over RocksDB, ";
  report.bytes(
      what + "set", name, double{value_bytes},
      [&] {
        const std::size_t i = next();
        require(own.set(key_of(i), all[i % all.size()]));
      },
      [&] {
        const std::size_t i = next();
        peer.set(key_of(i), all[i % all.size()]);
      });
  report.bytes(
      what + "get", name, double{value_bytes}, [&] { (void)must_get(own, key_of(next())); },
      [&] { peer.get(key_of(next()), to); });
}

}  // namespace

void report_peers(Report& report) {
  report.section("Peers, 2 MiB");
  const Directory directory("peers");
  std::filesystem::create_directory(directory.path());
  for (const char* codec : {"raw", "lz4"}) {
    StoreConfig config = StoreConfig::from_url("rocksdb:" + directory.path() + "/own-" + codec).value();
    config.codec = codec;
    config.threads = 1;
    const auto own = open_or_throw(config);
    Lmdb lmdb(directory.path());
    store_rows(report, "LMDB, uncompressed, not synced", lmdb, *own);
    Sqlite sqlite(directory.path() + "/sqlite-" + codec);
    store_rows(report, "SQLite, uncompressed, not synced", sqlite, *own);
  }
}

}  // namespace cinch::bench
