-- The whole schema. Times are microseconds since 1970 UTC and always come from the caller.
-- "arrival" is the number of the event that brought a message into its status: it grows for ever, so it orders every
-- list, and a watermark over it clears one.

CREATE TABLE store (
  id TEXT NOT NULL
) STRICT;

CREATE TABLE accounts (
  account INTEGER PRIMARY KEY,
  name    TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 200)
) STRICT;

-- Comparisons joined by OR where IN would be shorter: for an IN of more than two SQLite builds a table at every change.
CREATE TABLE messages (
  seq              INTEGER PRIMARY KEY,
  account          INTEGER NOT NULL REFERENCES accounts,
  id               TEXT NOT NULL CHECK (octet_length(id) BETWEEN 1 AND 512),
  status           TEXT NOT NULL
                   CHECK (status = 'incoming' OR status = 'pending_approval' OR status = 'approved'
                          OR status = 'rejected' OR status = 'sent' OR status = 'failed'),
  arrival          INTEGER NOT NULL,
  added_at         INTEGER NOT NULL,
  moved_at         INTEGER,                       -- NULL until it is moved for the first time
  origin           TEXT NOT NULL
                   CHECK (origin = 'script' OR origin = 'sender' OR origin = 'gateway' OR origin = 'draft'
                          OR origin = 'file'),
  payload          TEXT NOT NULL CHECK (octet_length(payload) <= 1100000),
  chat             TEXT,
  reason           TEXT,
  -- incoming: the work of drafting
  draft_due        INTEGER,                       -- when an assistant shall look at it; NULL: not, or no more
  draft_tries      INTEGER NOT NULL DEFAULT 0,
  -- outgoing: the text as a version, and the approval of exactly that version
  digest           TEXT,                          -- of recipient and text; NULL: not sendable
  draft_version    INTEGER NOT NULL DEFAULT 1,
  answers          INTEGER REFERENCES messages,   -- the incoming message that it answers
  author           TEXT,
  note             TEXT,
  stale            TEXT,                          -- what has happened in the chat since it was drafted
  asked            INTEGER NOT NULL DEFAULT 0,    -- a rule has looked at this version; a person is to decide
  approved_version INTEGER,
  approved_digest  TEXT,
  approved_by      TEXT,
  approved_kind    TEXT CHECK (approved_kind = 'person' OR approved_kind = 'rule' OR approved_kind = 'script'),
  approved_at      INTEGER,
  -- delivery
  due              INTEGER,                       -- not to be claimed before
  tries            INTEGER NOT NULL DEFAULT 0,    -- attempts so far
  delivery         TEXT
                   CHECK (delivery = 'open' OR delivery = 'accepted' OR delivery = 'refused' OR delivery = 'unknown'),
  lease            INTEGER,                       -- of the open attempt: until when its sender may be waited for
  settle_due       INTEGER,                       -- accepted, and the status not moved by its script: move it then
  used             INTEGER NOT NULL DEFAULT 0,    -- a send_message has sent it, or was told that it was rejected
  reserved_by      TEXT,                          -- the process whose send_message is about to send it
  -- who changed it last, and why
  revision         INTEGER NOT NULL DEFAULT 1,
  changed_at       INTEGER NOT NULL,
  changed_by       TEXT NOT NULL,
  changed_what     TEXT NOT NULL,
  changed_why      TEXT,
  UNIQUE (account, id),
  CHECK ((approved_version IS NULL) = (approved_digest IS NULL)),
  CHECK ((approved_version IS NULL) = (approved_by IS NULL)),
  CHECK ((approved_version IS NULL) = (approved_kind IS NULL)),
  CHECK (approved_version IS NULL OR approved_version = draft_version),
  CHECK (approved_digest IS NULL OR approved_digest = digest),
  CHECK ((delivery IS 'open') = (lease IS NOT NULL)),
  CHECK (delivery IS NOT 'open' OR approved_version IS NOT NULL)
) STRICT;

CREATE INDEX messages_list ON messages (account, status, arrival);
CREATE INDEX messages_conversation ON messages (account, chat, seq) WHERE payload <> '{}';
CREATE INDEX messages_to_draft ON messages (account, draft_due) WHERE draft_due IS NOT NULL;
CREATE INDEX messages_to_draft_in_chat ON messages (account, chat, draft_due) WHERE draft_due IS NOT NULL;
CREATE INDEX messages_to_send ON messages (account, due, arrival)
  WHERE status = 'approved' AND approved_version IS NOT NULL AND delivery IS NULL;
CREATE INDEX messages_to_send_in_chat ON messages (account, chat, arrival)
  WHERE status = 'approved' AND approved_version IS NOT NULL;
CREATE INDEX messages_undecided ON messages (account, asked, arrival)
  WHERE status = 'pending_approval' AND origin = 'draft' AND delivery IS NULL;
CREATE INDEX messages_undecided_in_chat ON messages (account, chat)
  WHERE status = 'pending_approval' AND origin = 'draft' AND delivery IS NULL;
CREATE INDEX messages_in_flight ON messages (account, lease) WHERE delivery = 'open';
CREATE INDEX messages_to_settle ON messages (account, settle_due) WHERE settle_due IS NOT NULL;
CREATE INDEX messages_of_scripts ON messages (account, digest, status NOT IN ('pending_approval', 'approved'), seq)
  WHERE origin IN ('script', 'sender') AND used = 0 AND digest IS NOT NULL;
CREATE UNIQUE INDEX messages_one_open_draft ON messages (answers)
  WHERE answers IS NOT NULL AND status IN ('pending_approval', 'approved');
CREATE INDEX messages_answers ON messages (answers, seq) WHERE answers IS NOT NULL;

-- Earlier versions of a text; the present one stands in its message.
CREATE TABLE drafts (
  message   INTEGER NOT NULL REFERENCES messages,
  version   INTEGER NOT NULL,
  recipient TEXT,
  text      TEXT,
  digest    TEXT,
  author    TEXT,
  until     INTEGER NOT NULL,
  PRIMARY KEY (message, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX drafts_digest ON drafts (digest) WHERE digest IS NOT NULL;

CREATE TABLE attempts (
  message    INTEGER NOT NULL REFERENCES messages,
  number     INTEGER NOT NULL,
  token      TEXT NOT NULL UNIQUE,     -- our own id of the attempt, which the gateway may give back
  digest     TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  started_by TEXT NOT NULL,
  process    TEXT NOT NULL,            -- the process that makes it, so that it can be told whether that is gone
  outcome    TEXT CHECK (outcome IN ('accepted', 'refused', 'unknown')),
  reason     TEXT,
  gateway_id TEXT,
  ack        TEXT,
  settled_at INTEGER,
  PRIMARY KEY (message, number),
  CHECK ((outcome IS NULL) = (settled_at IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX attempts_digest ON attempts (digest) WHERE outcome IS NULL OR outcome = 'unknown';
CREATE INDEX attempts_gateway_id ON attempts (gateway_id) WHERE gateway_id IS NOT NULL;

CREATE TABLE contacts (
  contact INTEGER PRIMARY KEY,
  account INTEGER NOT NULL REFERENCES accounts,
  name    TEXT
) STRICT;

CREATE TABLE aliases (
  account INTEGER NOT NULL REFERENCES accounts,
  address TEXT NOT NULL,
  contact INTEGER NOT NULL REFERENCES contacts,
  PRIMARY KEY (account, address)
) STRICT, WITHOUT ROWID;
CREATE INDEX aliases_of_contact ON aliases (contact);

CREATE TABLE sessions (
  account      INTEGER PRIMARY KEY REFERENCES accounts,
  fields       TEXT NOT NULL,
  revision     INTEGER NOT NULL DEFAULT 1,
  changed_at   INTEGER NOT NULL,
  changed_by   TEXT NOT NULL,
  changed_what TEXT NOT NULL,
  changed_why  TEXT
) STRICT;

CREATE TABLE settings (
  account      INTEGER NOT NULL REFERENCES accounts,
  key          TEXT NOT NULL,
  value        TEXT NOT NULL,
  revision     INTEGER NOT NULL DEFAULT 1,
  changed_at   INTEGER NOT NULL,
  changed_by   TEXT NOT NULL,
  changed_what TEXT NOT NULL DEFAULT 'setting',
  changed_why  TEXT,
  PRIMARY KEY (account, key)
) STRICT, WITHOUT ROWID;

-- Per list: how often a message came into it and was counted, how many it shows, up to which arrival it was cleared.
CREATE TABLE counters (
  account INTEGER NOT NULL REFERENCES accounts,
  status  TEXT NOT NULL,
  total   INTEGER NOT NULL DEFAULT 0 CHECK (total >= 0),
  listed  INTEGER NOT NULL DEFAULT 0 CHECK (listed >= 0),
  cleared INTEGER NOT NULL DEFAULT 0,
  purged  INTEGER NOT NULL DEFAULT 0,
  last_at INTEGER,
  PRIMARY KEY (account, status)
) STRICT, WITHOUT ROWID;

-- What the state file said of settings and session, by revision.
CREATE TABLE file_revisions (
  account  INTEGER NOT NULL REFERENCES accounts,
  revision INTEGER NOT NULL,
  settings TEXT NOT NULL,
  session  TEXT NOT NULL,
  PRIMARY KEY (account, revision)
) STRICT, WITHOUT ROWID;

-- What was taken up from files of that revision: a script that goes on with the same old copy says it again.
CREATE TABLE file_edits (
  seq      INTEGER PRIMARY KEY,
  account  INTEGER NOT NULL REFERENCES accounts,
  revision INTEGER NOT NULL,
  settings TEXT NOT NULL,
  session  TEXT NOT NULL
) STRICT;
CREATE INDEX file_edits_of_revision ON file_edits (account, revision);

-- The state file that was last written (for which revision) or taken up (NULL).
CREATE TABLE known_files (
  account INTEGER PRIMARY KEY REFERENCES accounts,
  digest  TEXT NOT NULL,
  written INTEGER
) STRICT;

-- The four lists of the state file that sender, watcher and assistant keep for themselves.
CREATE TABLE records (
  seq     INTEGER PRIMARY KEY,
  account INTEGER NOT NULL REFERENCES accounts,
  list    TEXT NOT NULL CHECK (list IN ('message_log', 'incoming_messages', 'pending_replies', 'generated_replies')),
  id      TEXT NOT NULL,
  payload TEXT NOT NULL,
  UNIQUE (account, list, id)
) STRICT;
CREATE INDEX records_list ON records (account, list, seq);

-- Append-only. Holds ids, statuses and digests, never words: why something happened to a message stands in reasons.
CREATE TABLE events (
  seq         INTEGER PRIMARY KEY,
  account     INTEGER NOT NULL,
  at          INTEGER NOT NULL,
  message     INTEGER,
  kind        TEXT NOT NULL,
  from_status TEXT,
  to_status   TEXT,
  by          TEXT NOT NULL,
  why         TEXT,
  version     INTEGER,
  digest      TEXT,
  counted     INTEGER NOT NULL DEFAULT 0,
  previous    INTEGER      -- of a message's arrival in a list: its arrival in the list before, 0 for the first
) STRICT;
-- Arrivals, by far the most, are found one from the next, without an index that each of them would have to change.
CREATE INDEX events_beside ON events (message, seq) WHERE message IS NOT NULL AND previous IS NULL;

CREATE INDEX events_of_account ON events (account) WHERE message IS NULL;

-- Why something happened to a message, in the words of a person, an assistant or a gateway. Forgetting removes them.
CREATE TABLE reasons (
  message INTEGER NOT NULL REFERENCES messages,
  event   INTEGER NOT NULL,
  text    TEXT NOT NULL,
  PRIMARY KEY (message, event)
) STRICT, WITHOUT ROWID;

-- Who asked to forget a message that was being sent: that is done when its attempt is settled.
CREATE TABLE to_forget (
  message INTEGER PRIMARY KEY REFERENCES messages,
  by      TEXT NOT NULL
) STRICT;

CREATE TRIGGER events_stay BEFORE UPDATE ON events
BEGIN SELECT raise(ABORT, 'an event is never changed'); END;
CREATE TRIGGER events_remain BEFORE DELETE ON events
BEGIN SELECT raise(ABORT, 'an event is never deleted'); END;

-- INSERT OR REPLACE deletes without asking the triggers above and below, unless recursive_triggers is on.
CREATE TRIGGER events_are_new BEFORE INSERT ON events WHEN EXISTS (SELECT 1 FROM events WHERE seq = NEW.seq)
BEGIN SELECT raise(ABORT, 'an event is never replaced'); END;
CREATE TRIGGER messages_are_new BEFORE INSERT ON messages
WHEN EXISTS (SELECT 1 FROM messages WHERE account = NEW.account AND id = NEW.id)
  OR EXISTS (SELECT 1 FROM messages WHERE seq = NEW.seq)
BEGIN SELECT raise(IGNORE); END;

CREATE TRIGGER messages_remain BEFORE DELETE ON messages
BEGIN SELECT raise(ABORT, 'a message is never deleted: its id stays known'); END;

CREATE TRIGGER messages_guard BEFORE UPDATE ON messages
BEGIN
  SELECT raise(ABORT, 'an update of a message raises its revision by one')
    WHERE NEW.revision IS NOT OLD.revision + 1;
  SELECT raise(ABORT, 'what a message is never changes')
    WHERE NEW.seq IS NOT OLD.seq OR NEW.account IS NOT OLD.account OR NEW.id IS NOT OLD.id
       OR (NEW.answers IS NOT OLD.answers AND OLD.answers IS NOT NULL);
  SELECT raise(ABORT, 'in flight')
    WHERE OLD.delivery IS 'open' AND NEW.delivery IS 'open'
      AND (NEW.arrival IS NOT OLD.arrival OR NEW.digest IS NOT OLD.digest OR NEW.tries IS NOT OLD.tries
           OR NEW.approved_version IS NOT OLD.approved_version);
  SELECT raise(ABORT, 'a new text is a new version')
    WHERE NEW.digest IS NOT OLD.digest AND NEW.draft_version IS NOT OLD.draft_version + 1
      AND NEW.changed_what <> 'forgotten';
END;

CREATE TRIGGER messages_text_guard BEFORE UPDATE OF payload ON messages
WHEN OLD.digest IS NOT NULL AND NEW.digest IS OLD.digest
BEGIN
  SELECT raise(ABORT, 'another text has another digest')
    WHERE NEW.payload <> '{}' AND OLD.payload <> '{}'
      AND json_extract(NEW.payload, '$.body') IS NOT json_extract(OLD.payload, '$.body');
  SELECT raise(ABORT, 'what is approved has a text') WHERE NEW.payload = '{}' AND NEW.approved_version IS NOT NULL;
END;

CREATE TRIGGER messages_version AFTER UPDATE OF draft_version ON messages WHEN NEW.draft_version <> OLD.draft_version
BEGIN
  INSERT INTO drafts (message, version, recipient, text, digest, author, until)
  VALUES (OLD.seq, OLD.draft_version, OLD.chat, json_extract(OLD.payload, '$.body'), OLD.digest, OLD.author, NEW.changed_at);
END;

CREATE TRIGGER messages_added AFTER INSERT ON messages
BEGIN
  INSERT INTO events (seq, account, at, message, kind, to_status, by, version, digest, counted, previous)
  VALUES (NEW.arrival, NEW.account, NEW.changed_at, NEW.seq, NEW.changed_what, NEW.status, NEW.changed_by,
          NEW.draft_version, NEW.digest, NEW.origin <> 'file', 0);
  INSERT INTO reasons (message, event, text)
  SELECT NEW.seq, NEW.arrival, NEW.changed_why WHERE NEW.changed_why IS NOT NULL;
  UPDATE counters
     SET listed = listed + 1,
         total = total + (NEW.origin <> 'file'),
         last_at = CASE WHEN NEW.origin <> 'file' THEN NEW.changed_at ELSE last_at END
   WHERE account = NEW.account AND status = NEW.status;
END;

CREATE TRIGGER messages_moved AFTER UPDATE ON messages WHEN NEW.arrival <> OLD.arrival
BEGIN
  INSERT INTO events (seq, account, at, message, kind, from_status, to_status, by, version, digest, counted, previous)
  VALUES (NEW.arrival, NEW.account, NEW.changed_at, NEW.seq, NEW.changed_what, OLD.status, NEW.status, NEW.changed_by,
          NEW.draft_version, NEW.digest, NEW.changed_what <> 'restored', OLD.arrival);
  INSERT INTO reasons (message, event, text)
  SELECT NEW.seq, NEW.arrival, NEW.changed_why WHERE NEW.changed_why IS NOT NULL;
  UPDATE counters SET listed = listed - (OLD.arrival > cleared) WHERE account = OLD.account AND status = OLD.status;
  UPDATE counters
     SET listed = listed + 1,
         total = total + (NEW.changed_what <> 'restored'),
         last_at = CASE WHEN NEW.changed_what <> 'restored' THEN NEW.changed_at ELSE last_at END
   WHERE account = NEW.account AND status = NEW.status;
END;

CREATE TRIGGER messages_changed AFTER UPDATE ON messages WHEN NEW.arrival = OLD.arrival
BEGIN
  INSERT INTO events (account, at, message, kind, from_status, to_status, by, version, digest)
  VALUES (NEW.account, NEW.changed_at, NEW.seq, NEW.changed_what, OLD.status, NEW.status, NEW.changed_by,
          NEW.draft_version, NEW.digest);
  INSERT INTO reasons (message, event, text)
  SELECT NEW.seq, (SELECT max(seq) FROM events), NEW.changed_why WHERE NEW.changed_why IS NOT NULL;
END;

CREATE TRIGGER attempts_guard BEFORE INSERT ON attempts
BEGIN
  SELECT raise(ABORT, 'an attempt needs an approval of exactly this text')
    WHERE NOT EXISTS (SELECT 1 FROM messages
                       WHERE seq = NEW.message AND delivery = 'open' AND tries = NEW.number
                         AND approved_digest = NEW.digest AND digest = NEW.digest);
END;

CREATE TRIGGER attempts_fence BEFORE UPDATE ON attempts
BEGIN
  SELECT raise(ABORT, 'what an attempt was never changes')
    WHERE NEW.message IS NOT OLD.message OR NEW.number IS NOT OLD.number OR NEW.token IS NOT OLD.token
       OR NEW.digest IS NOT OLD.digest OR NEW.started_at IS NOT OLD.started_at;
END;

CREATE TRIGGER sessions_guard BEFORE UPDATE ON sessions
BEGIN
  SELECT raise(ABORT, 'an update of a session raises its revision by one') WHERE NEW.revision IS NOT OLD.revision + 1;
END;
CREATE TRIGGER sessions_changed AFTER UPDATE ON sessions
BEGIN
  INSERT INTO events (account, at, kind, by, why)
  VALUES (NEW.account, NEW.changed_at, NEW.changed_what, NEW.changed_by, NEW.changed_why);
END;

CREATE TRIGGER settings_guard BEFORE UPDATE ON settings
BEGIN
  SELECT raise(ABORT, 'an update of a setting raises its revision by one') WHERE NEW.revision IS NOT OLD.revision + 1;
END;
CREATE TRIGGER settings_added AFTER INSERT ON settings
BEGIN
  INSERT INTO events (account, at, kind, by, why)
  VALUES (NEW.account, NEW.changed_at, NEW.changed_what, NEW.changed_by, NEW.key);
END;
CREATE TRIGGER settings_changed AFTER UPDATE ON settings
BEGIN
  INSERT INTO events (account, at, kind, by, why)
  VALUES (NEW.account, NEW.changed_at, NEW.changed_what, NEW.changed_by, NEW.key);
END;
