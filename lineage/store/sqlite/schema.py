"""The tables of the graph: observations first, what follows from them after, and the small things that queries need.

Times are microseconds since 1970, UTC. An event's received time stands in `event` alone, because it may still become
earlier (DECISIONS 3). Row ids follow arrival and mean nothing outside one file.
"""

from __future__ import annotations

OBSERVATIONS = """
CREATE TABLE word (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);  -- facet names, producers, reasons

CREATE TABLE node (  -- datasets, jobs and runs
    id INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    first_at INTEGER,  -- over the events that mention it; of runs, `speaker` knows
    last_at INTEGER,
    first_received INTEGER,
    last_received INTEGER,
    component INTEGER,  -- NULL: one with no other
    UNIQUE (kind, namespace, name)
);
CREATE INDEX node_component ON node (component) WHERE component IS NOT NULL;
CREATE INDEX node_updated ON node (last_at) WHERE last_at IS NOT NULL;
CREATE INDEX node_heard ON node (first_received) WHERE first_received IS NOT NULL;

CREATE TABLE event (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    kind INTEGER NOT NULL,
    type INTEGER,
    at INTEGER NOT NULL,
    received INTEGER NOT NULL,
    producer INTEGER NOT NULL,
    run INTEGER,
    job INTEGER,
    dataset INTEGER,
    warnings TEXT
);
CREATE INDEX event_at ON event (at);
CREATE INDEX event_ahead ON event (at) WHERE at > received;

CREATE TABLE mention (  -- the event names the dataset or job; own: it is an event of that job; listed: 0 where only
    -- its column lineage names the dataset
    node INTEGER NOT NULL, own INTEGER NOT NULL, at INTEGER NOT NULL, event INTEGER NOT NULL, listed INTEGER NOT NULL,
    PRIMARY KEY (node, own, at, event)
) WITHOUT ROWID;

CREATE TABLE moment (  -- an event of a run, or of a job without runs; or a claim: an event of another run that names it
    speaker INTEGER NOT NULL, type INTEGER NOT NULL, at INTEGER NOT NULL, event INTEGER NOT NULL,
    job INTEGER, parent_run INTEGER, parent_job INTEGER, root_run INTEGER, root_job INTEGER,
    nominal_start INTEGER, nominal_end INTEGER,
    PRIMARY KEY (speaker, type, at, event)
) WITHOUT ROWID;

CREATE TABLE touch (  -- READ and WROTE
    speaker INTEGER NOT NULL, dataset INTEGER NOT NULL, side INTEGER NOT NULL,
    type INTEGER NOT NULL, at INTEGER NOT NULL, event INTEGER NOT NULL,
    rows INTEGER, bytes INTEGER, files INTEGER, version TEXT,
    windowed INTEGER,  -- whether the event's jobType says that counts add up over windows; NULL: it does not say
    told INTEGER NOT NULL,  -- whether a lineage facet says it
    PRIMARY KEY (speaker, dataset, side, type, at, event)
) WITHOUT ROWID;

CREATE TABLE body (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, data BLOB NOT NULL);

CREATE TABLE facet (  -- body NULL: deleted
    node INTEGER NOT NULL, side INTEGER NOT NULL, name INTEGER NOT NULL, at INTEGER NOT NULL, event INTEGER NOT NULL,
    body INTEGER,
    PRIMARY KEY (node, side, name, at, event)
) WITHOUT ROWID;

CREATE TABLE carries (  -- which facets a dataset or job ever had
    node INTEGER NOT NULL, name INTEGER NOT NULL, PRIMARY KEY (node, name)
) WITHOUT ROWID;

CREATE TABLE column_body (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE);

CREATE TABLE derivation (  -- one column edge of a column lineage body; '' instead of a column: all of the dataset's
    body INTEGER NOT NULL, target TEXT NOT NULL, source_dataset INTEGER NOT NULL, source TEXT NOT NULL,
    transformations TEXT NOT NULL,
    PRIMARY KEY (body, target, source_dataset, source)
) WITHOUT ROWID;
CREATE INDEX derivation_source ON derivation (source_dataset, source);

CREATE TABLE derived (  -- the event carried this body for the dataset; job 0: a DatasetEvent
    dataset INTEGER NOT NULL, job INTEGER NOT NULL, at INTEGER NOT NULL, event INTEGER NOT NULL, body INTEGER NOT NULL,
    PRIMARY KEY (dataset, job, at, event)
) WITHOUT ROWID;

CREATE TABLE made_of (  -- the event says of what the job makes the target; 0: of all targets; sources NULL: taken back
    job INTEGER NOT NULL, target INTEGER NOT NULL, at INTEGER NOT NULL, event INTEGER NOT NULL, sources TEXT,
    PRIMARY KEY (job, target, at, event)
) WITHOUT ROWID;

CREATE TABLE same_as (
    alias INTEGER NOT NULL, why INTEGER NOT NULL, at INTEGER NOT NULL, event INTEGER NOT NULL, dataset INTEGER NOT NULL,
    PRIMARY KEY (alias, why, at, event, dataset)
) WITHOUT ROWID;

CREATE TABLE tombstone (
    dataset INTEGER NOT NULL, at INTEGER NOT NULL, event INTEGER NOT NULL, dropped INTEGER NOT NULL,
    PRIMARY KEY (dataset, at, event)
) WITHOUT ROWID;

CREATE TABLE depends (
    upstream INTEGER NOT NULL, downstream INTEGER NOT NULL, event INTEGER NOT NULL,
    PRIMARY KEY (upstream, downstream, event)
) WITHOUT ROWID;

CREATE TABLE statement (  -- what a person decided of a thing; hides: whether it says that the thing is hidden
    digest BLOB PRIMARY KEY, kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
    actor TEXT NOT NULL, at INTEGER NOT NULL, received INTEGER NOT NULL, reason TEXT NOT NULL, words TEXT NOT NULL,
    hides INTEGER
) WITHOUT ROWID;
CREATE TABLE ruling (  -- the statement says of two datasets, the lesser row id first, 0: apart, 1: one, NULL: neither
    one INTEGER NOT NULL, other INTEGER NOT NULL, digest BLOB NOT NULL, verdict INTEGER,
    PRIMARY KEY (one, other, digest)
) WITHOUT ROWID;
CREATE INDEX ruling_other ON ruling (other);
CREATE INDEX statement_about ON statement (kind, namespace, name);
CREATE INDEX statement_hides ON statement (kind, namespace, name, received) WHERE hides IS NOT NULL;
CREATE INDEX depends_downstream ON depends (downstream);
"""

CONCLUSIONS = """
CREATE TABLE speaker (  -- what a run came to; or a job that spoke without one (state NULL)
    id INTEGER PRIMARY KEY,  -- of the node
    job INTEGER,
    state TEXT,
    started INTEGER,
    ended INTEGER,
    began INTEGER NOT NULL,  -- started, else first sight: what runs are ordered by
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    conflict INTEGER NOT NULL,
    types INTEGER NOT NULL,  -- a bit for every type of its events; 0: only others named it
    parent_run INTEGER, parent_job INTEGER, root_run INTEGER, root_job INTEGER,
    nominal_start INTEGER, nominal_end INTEGER,
    job_event INTEGER, parent_event INTEGER, nominal_event INTEGER,  -- the newest that said so
    first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,  -- over its events and its claims
    first_received INTEGER NOT NULL, last_received INTEGER NOT NULL,
    lead INTEGER NOT NULL  -- the most that the time of any of them was after its receipt
);
CREATE INDEX speaker_began ON speaker (began);
CREATE INDEX speaker_job ON speaker (job, began);
CREATE INDEX speaker_state ON speaker (state, began);
CREATE INDEX speaker_parent ON speaker (parent_run, began) WHERE parent_run IS NOT NULL;

CREATE TABLE moved (  -- runs whose events named more than one job or parent: every one that they named
    node INTEGER NOT NULL, speaker INTEGER NOT NULL, PRIMARY KEY (node, speaker)
) WITHOUT ROWID;

CREATE TABLE listing (  -- all touches of a speaker and a dataset on one side; job: the speaker's
    speaker INTEGER NOT NULL, dataset INTEGER NOT NULL, side INTEGER NOT NULL,
    job INTEGER NOT NULL, types INTEGER NOT NULL, first_at INTEGER NOT NULL, last_at INTEGER NOT NULL,
    last_event INTEGER NOT NULL,
    told INTEGER NOT NULL,
    effective INTEGER NOT NULL,
    written_at INTEGER,  -- of a version, NULL where it made none
    PRIMARY KEY (speaker, dataset, side)
) WITHOUT ROWID;
CREATE INDEX listing_dataset ON listing (dataset, side, last_at);
CREATE INDEX listing_job ON listing (job, side, dataset, effective, last_at);
CREATE INDEX listing_version ON listing (dataset, written_at) WHERE written_at IS NOT NULL;

CREATE TABLE edge (  -- READS and WRITES; stated: 1 when the job said so itself, without a run
    job INTEGER NOT NULL, side INTEGER NOT NULL, dataset INTEGER NOT NULL,
    first_at INTEGER NOT NULL, last_at INTEGER NOT NULL, runs INTEGER NOT NULL, stated INTEGER NOT NULL,
    PRIMARY KEY (job, side, dataset)
) WITHOUT ROWID;
CREATE INDEX edge_dataset ON edge (dataset, side);

CREATE TABLE column_now (  -- the newest body for each output dataset and job
    dataset INTEGER NOT NULL, job INTEGER NOT NULL, at INTEGER NOT NULL, event INTEGER NOT NULL, body INTEGER NOT NULL,
    PRIMARY KEY (dataset, job)
) WITHOUT ROWID;
CREATE TABLE carried (  -- who ever carried a body
    body INTEGER NOT NULL, dataset INTEGER NOT NULL, job INTEGER NOT NULL, PRIMARY KEY (body, dataset, job)
) WITHOUT ROWID;

CREATE TABLE made_of_now (  -- the newest statement for each job and target that was ever spoken of
    job INTEGER NOT NULL, target INTEGER NOT NULL, sources TEXT, PRIMARY KEY (job, target)
) WITHOUT ROWID;

CREATE TABLE link (  -- every alias that was ever declared; active: by its newest declaration
    alias INTEGER NOT NULL, why INTEGER NOT NULL, dataset INTEGER NOT NULL, active INTEGER NOT NULL,
    PRIMARY KEY (alias, why, dataset)
) WITHOUT ROWID;
CREATE INDEX link_dataset ON link (dataset);
CREATE INDEX link_active ON link (alias, why, dataset) WHERE active;
CREATE INDEX link_active_dataset ON link (dataset, why, alias) WHERE active;

CREATE TABLE component (  -- datasets that are one; canonical: who speaks for them, NULL while no event mentions any
    id INTEGER PRIMARY KEY,
    canonical INTEGER,
    size INTEGER NOT NULL,  -- names, what no event mentions among them
    torn INTEGER NOT NULL  -- whether links join it to others that people keep apart
);
"""

BESIDE = """
CREATE TABLE namespace (
    name TEXT PRIMARY KEY, datasets INTEGER NOT NULL, jobs INTEGER NOT NULL,
    first_at INTEGER NOT NULL, last_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE initial (  -- the first one and two characters of every part of a name
    text TEXT NOT NULL, node INTEGER NOT NULL, PRIMARY KEY (text, node)
) WITHOUT ROWID;

CREATE TABLE tally (what TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE news (  -- of the newest merges, by their number: of which nodes an answer changed; NULL: of any
    number INTEGER PRIMARY KEY, last INTEGER NOT NULL,
    first_at INTEGER,
    ripe_at INTEGER NOT NULL,  -- the latest event time or receipt
    touched TEXT,
    joined TEXT NOT NULL  -- those that became one with others, or came apart: since ever
);
CREATE INDEX news_ripe_at ON news (ripe_at);

CREATE TABLE watermark (writer TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
"""

TABLES = tuple(
    line.removeprefix("CREATE TABLE ").partition(" ")[0]
    for line in (OBSERVATIONS + CONCLUSIONS + BESIDE).splitlines()
    if line.startswith("CREATE TABLE ")
)

LAYOUT = 2  # of these tables; raise it with them, and each older file gets them anew, to be filled from its ledger
_ANEW = "".join(f"DROP TABLE IF EXISTS {table};\n" for table in TABLES) + OBSERVATIONS + CONCLUSIONS + BESIDE
SCRIPTS = (*("",) * (LAYOUT - 1), _ANEW)
