import GRDB
import Jobs

/// The database's tables, and how an older database becomes a present one.
///
/// A migration is one SQL script; `PRAGMA user_version` says how many have run. Scripts that were released never change, new ones are added
/// behind them.
enum StoreSchema {
    static var version: Int { migrations.count }

    /// Brings the database up to date in one transaction; refuses what is not ours.
    static func prepare(_ db: Database, path: String) throws {
        let found = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        let application = try UInt32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        let isEmpty = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") == 0
        guard isEmpty || application == DatabaseFile.applicationID else {
            throw StoreError.damaged("\(path) is another program's database")
        }
        guard found <= version else { throw StoreError.newerSchema(found: found, known: version) }
        guard found < version else { return }
        try db.inTransaction(.immediate) {
            for script in migrations[found...] { try db.execute(sql: script) }
            try db.execute(sql: "PRAGMA application_id = \(DatabaseFile.applicationID)")
            try db.execute(sql: "PRAGMA user_version = \(version)")
            return .commit
        }
    }

    static let migrations = [first, second, third, fourth]

    /// - `jobs.number` is the order of creation. `id` is the 48 bits of the run's name.
    /// - `log.row` is the job's number and, in the low bits, the row's own: a log's rows lie together and are found by halving.
    /// - `jobs.uncertain`: the power was cut while the run went on; its last events may have been seen and be lost.
    /// - What is large and short-lived (`work`) or seldom read (`results`: a succeeded run's result, a failed one's failure) is apart from the row
    ///   that every commit rewrites.
    private static let first = """
        CREATE TABLE meta(
            name TEXT PRIMARY KEY,
            value BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE jobs(
            number INTEGER PRIMARY KEY,
            id INTEGER NOT NULL UNIQUE,
            created_at INTEGER NOT NULL,
            session_id TEXT,
            timeout INTEGER NOT NULL,
            max_attempts INTEGER NOT NULL,
            webhook_url TEXT,
            status INTEGER NOT NULL,
            attempt INTEGER NOT NULL,
            percentage TEXT NOT NULL,
            current_step TEXT,
            steps_completed TEXT,
            steps_total TEXT,
            started_at INTEGER,
            completed_at INTEGER,
            next_at INTEGER,
            error TEXT,
            truncated INTEGER NOT NULL DEFAULT 0,
            epoch INTEGER NOT NULL,
            head_sequence INTEGER NOT NULL,
            head_offset INTEGER NOT NULL,
            oldest_sequence INTEGER NOT NULL,
            oldest_offset INTEGER NOT NULL,
            next_row INTEGER NOT NULL,
            tail_bytes INTEGER NOT NULL,
            uncertain INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE INDEX jobs_by_status ON jobs(status);
        CREATE INDEX jobs_by_session ON jobs(session_id) WHERE session_id IS NOT NULL;
        CREATE INDEX jobs_by_session_and_status ON jobs(session_id, status) WHERE session_id IS NOT NULL;
        CREATE INDEX jobs_unfinished ON jobs(number) WHERE status < 2;
        CREATE INDEX jobs_by_completion ON jobs(completed_at) WHERE status >= 2;

        CREATE TABLE work(
            job INTEGER PRIMARY KEY,
            prompt TEXT NOT NULL,
            agent_file TEXT,
            agent_yaml TEXT,
            recipe_name TEXT,
            recipe_config TEXT,
            framework TEXT,
            config TEXT
        ) STRICT;

        CREATE TABLE results(
            job INTEGER PRIMARY KEY,
            json BLOB NOT NULL
        ) STRICT;

        CREATE TABLE keys(
            scope INTEGER NOT NULL,
            session_id TEXT NOT NULL,
            key TEXT NOT NULL,
            job INTEGER NOT NULL,
            PRIMARY KEY (scope, session_id, key)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX keys_by_job ON keys(job);

        CREATE TABLE log(
            row INTEGER PRIMARY KEY,
            first_sequence INTEGER NOT NULL,
            last_sequence INTEGER NOT NULL,
            start_offset INTEGER NOT NULL,
            bytes BLOB NOT NULL
        ) STRICT;

        CREATE TABLE status_counts(
            status INTEGER PRIMARY KEY,
            count INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE session_counts(
            session_id TEXT NOT NULL,
            status INTEGER NOT NULL,
            count INTEGER NOT NULL,
            PRIMARY KEY (session_id, status)
        ) STRICT, WITHOUT ROWID;
        """

    /// Where a log ends is told by its last row alone (and the journal, see `fourth`): an event that changes nothing else writes nothing else.
    /// Every run has such a row: event 1 comes with the run, and trimming leaves the last one. `runs` puts the two together; CROSS says in
    /// which order.
    private static let second = """
        ALTER TABLE jobs DROP COLUMN head_sequence;
        ALTER TABLE jobs DROP COLUMN head_offset;
        ALTER TABLE jobs DROP COLUMN next_row;
        ALTER TABLE jobs DROP COLUMN tail_bytes;

        CREATE VIEW runs AS
            SELECT jobs.*, row AS last_row, length(bytes) AS tail_bytes, last_sequence AS head_sequence,
                start_offset + length(bytes) AS head_offset
            FROM jobs CROSS JOIN log ON row = (SELECT row FROM log WHERE row < (number + 1) << 28 ORDER BY row DESC LIMIT 1);
        """

    /// Unfinished runs are found by their status: an index of their own costs every new run. And in `runs` a run that has lost its log, which
    /// only damage can do, is missing: it must not get the last row of the run before it.
    private static let third = """
        DROP INDEX jobs_unfinished;

        DROP VIEW runs;
        CREATE VIEW runs AS
            SELECT jobs.*, row AS last_row, length(bytes) AS tail_bytes, last_sequence AS head_sequence,
                start_offset + length(bytes) AS head_offset
            FROM jobs CROSS JOIN log ON row = (
                SELECT row FROM log WHERE row >= number << 28 AND row < (number + 1) << 28 ORDER BY row DESC LIMIT 1);
        """

    /// Events on their way to their logs (see `Journal`). What `runs` says of where a log ends is then said without them.
    private static let fourth = """
        CREATE TABLE journal(
            row INTEGER PRIMARY KEY,
            records BLOB NOT NULL
        ) STRICT;
        """
}
