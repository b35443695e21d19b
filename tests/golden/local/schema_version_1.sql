CREATE TABLE cursors (              -- how far the segments of the spools have been taken in
    segment TEXT PRIMARY KEY,
    offset INTEGER NOT NULL,               -- bytes
    updated_unix_nano INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE dropped (              -- rows that retention removed, and values that could not be stored
    what TEXT NOT NULL,                    -- the table
    reason TEXT NOT NULL,                  -- size, age, thinned, not a number
    count INTEGER NOT NULL,
    PRIMARY KEY (what, reason)
) WITHOUT ROWID;
CREATE TABLE resources (            -- who recorded: one row a process
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    service_name TEXT,
    service_instance_id TEXT,
    attributes TEXT NOT NULL,              -- JSON map
    schema_url TEXT,
    seen_unix_nano INTEGER NOT NULL        -- about when its last record came, to the hour
);
CREATE TABLE scopes (               -- which instrumentation recorded
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    name TEXT,
    version TEXT,
    attributes TEXT NOT NULL,              -- JSON map
    schema_url TEXT
);
CREATE TABLE runs (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    folder TEXT NOT NULL,
    status TEXT NOT NULL,                  -- running, completed, failed, terminated, lost
    time_unix_nano INTEGER NOT NULL,       -- the start, or the first record met while the start is not known
    started_unix_nano INTEGER,
    ended_unix_nano INTEGER,
    duration_seconds REAL,
    tags TEXT NOT NULL,                    -- JSON list
    metadata TEXT NOT NULL,                -- JSON map
    description TEXT,
    exception_type TEXT,
    exception_message TEXT,
    exception_stacktrace TEXT,
    resource_id INTEGER,
    field_times TEXT NOT NULL              -- JSON map: when each field was said last
);
CREATE INDEX runs_by_time ON runs (time_unix_nano);
CREATE INDEX runs_by_name ON runs (name, time_unix_nano);
CREATE TABLE run_series (           -- one metric of a run, over all the points that it ever had
    id INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    count INTEGER NOT NULL,                -- points, NaN included; the position of the next point
    nan_count INTEGER NOT NULL,            -- points that are NaN: sum, min and max leave them out
    sum REAL,                              -- NULL: not a number, infinities of both signs were added
    min REAL,                              -- NULL: no point is a number
    max REAL,
    last REAL,                             -- value of the newest point; NULL: NaN
    last_step INTEGER,
    last_time_unix_nano INTEGER NOT NULL,
    thinned INTEGER NOT NULL DEFAULT 0,    -- how often retention removed every second point
    UNIQUE (run_id, name)
);
CREATE TABLE run_points (
    series_id INTEGER NOT NULL REFERENCES run_series (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,             -- 0, 1, 2, ... in the order of arrival
    step INTEGER,
    time_unix_nano INTEGER NOT NULL,
    value REAL,                            -- NULL: NaN
    PRIMARY KEY (series_id, position)
) WITHOUT ROWID;
CREATE TABLE run_events (           -- what runs noted, exceptions they met, and free events
    key INTEGER PRIMARY KEY,
    run_id TEXT REFERENCES runs (id) ON DELETE CASCADE,
    arc_id TEXT,
    event_name TEXT NOT NULL,              -- algo.run.event, algo.event
    time_unix_nano INTEGER NOT NULL,
    severity TEXT NOT NULL,
    severity_number INTEGER NOT NULL,
    message TEXT NOT NULL,                 -- the body if it is text, else its JSON
    body TEXT,                             -- JSON of a body that is not text
    attributes TEXT NOT NULL,              -- JSON map
    trace_id TEXT,
    span_id TEXT,
    resource_id INTEGER
);
CREATE INDEX run_events_by_time ON run_events (time_unix_nano);
CREATE INDEX run_events_by_run ON run_events (run_id, time_unix_nano);
CREATE TABLE folders (
    path TEXT PRIMARY KEY,
    tags TEXT NOT NULL,                    -- JSON list
    metadata TEXT NOT NULL,                -- JSON map
    description TEXT,
    time_unix_nano INTEGER NOT NULL,       -- of the last change
    field_times TEXT NOT NULL              -- JSON map, as in runs
);
CREATE TABLE arcs (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL,                      -- the ids of all levels, joined with "."
    class TEXT NOT NULL,
    parent_id TEXT,
    status TEXT NOT NULL,                  -- running, completed, failed
    time_unix_nano INTEGER NOT NULL,       -- the start, or the first record met while the start is not known
    started_unix_nano INTEGER,
    ended_unix_nano INTEGER,
    duration_seconds REAL,
    run_id TEXT,
    exports TEXT NOT NULL,                 -- JSON map: all that was exported, the newest value of each key
    export_times TEXT NOT NULL,            -- JSON map: when each key was exported last
    exception_type TEXT,
    exception_message TEXT,
    exception_stacktrace TEXT,
    trace_id TEXT,
    span_id TEXT,
    resource_id INTEGER,
    UNIQUE (id, class)
);
CREATE INDEX arcs_by_time ON arcs (time_unix_nano);
CREATE INDEX arcs_by_class ON arcs (class, time_unix_nano);
CREATE INDEX arcs_by_run ON arcs (run_id, time_unix_nano);
CREATE TABLE annotations (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    time_unix_nano INTEGER NOT NULL,
    inputs TEXT,                           -- JSON
    outputs TEXT,                          -- JSON
    metadata TEXT,                         -- JSON
    labels TEXT NOT NULL,                  -- JSON list
    arc_id TEXT,
    run_id TEXT,
    request_id TEXT,
    trace_id TEXT,
    span_id TEXT,
    resource_id INTEGER
);
CREATE INDEX annotations_by_time ON annotations (time_unix_nano);
CREATE INDEX annotations_by_run ON annotations (run_id, time_unix_nano);
CREATE INDEX annotations_by_arc ON annotations (arc_id, time_unix_nano);
CREATE TABLE incidents (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    time_unix_nano INTEGER NOT NULL,
    title TEXT NOT NULL,
    description TEXT,
    severity TEXT NOT NULL,
    run_id TEXT,
    arc_id TEXT,
    trace_id TEXT,
    span_id TEXT,
    resource_id INTEGER
);
CREATE INDEX incidents_by_time ON incidents (time_unix_nano);
CREATE TABLE incident_files (
    incident_id TEXT NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,             -- 0, 1, 2, ... as they were given
    name TEXT NOT NULL,
    media_type TEXT,
    size_bytes INTEGER,
    sha256 TEXT,
    uri TEXT,
    original_path TEXT,
    path TEXT,                             -- as in artifacts
    problem TEXT,                          -- as in artifacts
    PRIMARY KEY (incident_id, position)
) WITHOUT ROWID;
CREATE INDEX incident_files_by_path ON incident_files (path);
CREATE TABLE alerts (               -- one row a rule, with the state it is in
    key INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    run_id TEXT REFERENCES runs (id) ON DELETE CASCADE,
    metric TEXT NOT NULL,
    rule TEXT NOT NULL,                    -- is above, is below, is outside range, is inside range
    frequency_minutes REAL,
    window_minutes REAL,
    threshold REAL,
    range_low REAL,
    range_high REAL,
    state TEXT NOT NULL,                   -- defined, fired, resolved
    observed REAL,                         -- the mean over the window; NULL once fired: NaN
    time_unix_nano INTEGER NOT NULL,       -- of the state
    defined_unix_nano INTEGER              -- of the newest definition
);
CREATE INDEX alerts_by_time ON alerts (time_unix_nano);
CREATE INDEX alerts_by_run ON alerts (run_id, name);
CREATE TABLE artifacts (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    time_unix_nano INTEGER NOT NULL,
    name TEXT NOT NULL,
    category TEXT NOT NULL,                -- code, input, output
    media_type TEXT,
    size_bytes INTEGER,
    sha256 TEXT,
    uri TEXT,
    original_path TEXT,
    path TEXT,                             -- below the store's folder of artifacts; NULL: the store has no copy
    problem TEXT,                          -- why there is no copy, or the original no longer is what it was
    run_id TEXT REFERENCES runs (id) ON DELETE CASCADE,
    arc_id TEXT,
    resource_id INTEGER
);
CREATE INDEX artifacts_by_time ON artifacts (time_unix_nano);
CREATE INDEX artifacts_by_run ON artifacts (run_id, time_unix_nano);
CREATE INDEX artifacts_by_path ON artifacts (path);
CREATE TABLE files (                -- the bytes beside this file: one row a content
    path TEXT PRIMARY KEY,                 -- below the store's folder of artifacts
    size_bytes INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE spans (
    key INTEGER PRIMARY KEY,
    trace_id TEXT NOT NULL,
    span_id TEXT NOT NULL,
    parent_span_id TEXT,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,                    -- internal, server, client, producer, consumer
    status TEXT NOT NULL,                  -- unset, ok, error
    status_message TEXT,
    started_unix_nano INTEGER NOT NULL,
    duration_seconds REAL NOT NULL,
    attributes TEXT NOT NULL,              -- JSON map
    events TEXT NOT NULL,                  -- JSON list of maps: name, time_unix_nano, attributes
    links TEXT NOT NULL,                   -- JSON list of maps: trace_id, span_id, attributes
    trace_state TEXT,
    resource_id INTEGER NOT NULL,
    scope_id INTEGER NOT NULL
);
CREATE INDEX spans_by_time ON spans (started_unix_nano);
CREATE INDEX spans_by_trace ON spans (trace_id);
CREATE TABLE logs (                 -- log records of applications, and events that the store has no table for
    key INTEGER PRIMARY KEY,
    time_unix_nano INTEGER NOT NULL,
    severity TEXT NOT NULL,
    severity_number INTEGER NOT NULL,
    event_name TEXT,
    message TEXT NOT NULL,                 -- the body if it is text, else its JSON
    body TEXT,                             -- JSON of a body that is not text
    attributes TEXT NOT NULL,              -- JSON map
    trace_id TEXT,
    span_id TEXT,
    resource_id INTEGER NOT NULL,
    scope_id INTEGER NOT NULL
);
CREATE INDEX logs_by_time ON logs (time_unix_nano);
CREATE TABLE metric_series (        -- one instrument with one set of attributes, in one process
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    unit TEXT NOT NULL,
    description TEXT,
    kind TEXT NOT NULL,                    -- gauge, sum, histogram, exponential_histogram, summary
    temporality TEXT,                      -- cumulative, delta; NULL for gauge and summary
    monotonic INTEGER,                     -- 0, 1; NULL for all but sum
    attributes TEXT NOT NULL,              -- JSON map
    resource_id INTEGER NOT NULL,
    scope_id INTEGER NOT NULL,
    count INTEGER NOT NULL,                -- points, since the first
    last_time_unix_nano INTEGER NOT NULL
);
CREATE INDEX metric_series_by_time ON metric_series (last_time_unix_nano);
CREATE INDEX metric_series_by_name ON metric_series (name);
CREATE TABLE metric_points (
    series_id INTEGER NOT NULL REFERENCES metric_series (id) ON DELETE CASCADE,
    time_unix_nano INTEGER NOT NULL,
    position INTEGER NOT NULL,             -- tells points of one time apart; 0 for cumulative ones
    start_unix_nano INTEGER,
    value,                                 -- of gauge and sum, integer or real; NULL: NaN
    count INTEGER,                         -- of histograms and summaries, as the columns below
    sum REAL,                              -- NULL: NaN, or not recorded
    min REAL,
    max REAL,
    bounds TEXT,                           -- JSON list: upper bounds of a histogram's buckets, without +Inf
    counts TEXT,                           -- JSON list: one more than bounds
    detail TEXT,                           -- JSON map: buckets of exponential_histogram, quantiles, exemplars
    PRIMARY KEY (series_id, time_unix_nano, position)
) WITHOUT ROWID;
PRAGMA application_id = 1869900900;
PRAGMA user_version = 1;
