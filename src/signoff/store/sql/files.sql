-- name: add_file_revision
INSERT INTO file_revisions (account, revision, settings, session) VALUES (:account, :revision, :settings, :session)
ON CONFLICT (account, revision) DO NOTHING

-- name: file_revision
SELECT revision, settings, session FROM file_revisions
 WHERE account = :account AND revision <= :revision ORDER BY revision DESC LIMIT 1

-- name: newest_file_revision
SELECT revision, settings, session FROM file_revisions WHERE account = :account ORDER BY revision DESC LIMIT 1

-- name: old_file_revision
-- The last of the oldest that was written before a time: those before it no file says any more that is younger.
SELECT max(f.revision)
  FROM (SELECT revision FROM file_revisions WHERE account = :account ORDER BY revision LIMIT :limit) f
  JOIN events e ON e.seq = f.revision
 WHERE e.at <= :before

-- name: drop_file_revisions
DELETE FROM file_revisions WHERE account = :account AND revision < :revision

-- name: drop_file_edits
-- file_edits_of_revision
DELETE FROM file_edits WHERE account = :account AND revision < :revision

-- name: file_edits
-- file_edits_of_revision
SELECT revision, settings, session, seq FROM file_edits
 WHERE account = :account AND revision = :revision ORDER BY seq

-- name: change_file_edit
UPDATE file_edits SET settings = :settings, session = :session WHERE seq = :seq

-- name: drop_file_edit
DELETE FROM file_edits WHERE seq = :seq

-- name: add_file_edit
INSERT INTO file_edits (account, revision, settings, session) VALUES (:account, :revision, :settings, :session)

-- name: first_event
-- events_of_account, for what belongs to no message
SELECT kind FROM events WHERE account = :account AND message IS NULL ORDER BY seq LIMIT 1

-- name: any_message
-- messages_list
SELECT 1 FROM messages WHERE account = :account LIMIT 1

-- name: account_name
SELECT name FROM accounts WHERE account = :account

-- name: known_file
SELECT digest, written FROM known_files WHERE account = :account

-- name: set_known_file
INSERT INTO known_files (account, digest, written) VALUES (:account, :digest, :written)
ON CONFLICT (account) DO UPDATE SET digest = excluded.digest, written = excluded.written

-- name: arrived_last_in
-- An event that brought it nowhere, such as an edit, has the same list before and after.
WITH RECURSIVE arrivals (seq) AS (
  SELECT arrival FROM messages WHERE seq = :seq
   UNION ALL
  SELECT e.previous FROM arrivals JOIN events e ON e.seq = arrivals.seq WHERE e.previous > 0 AND e.previous < e.seq
)
SELECT max(seq) FROM events
 WHERE to_status = :status
   AND (seq = (SELECT arrival FROM messages WHERE seq = :seq)
        OR (from_status IS NOT :status
            AND seq IN (SELECT seq FROM arrivals UNION ALL SELECT seq FROM events WHERE message = :seq AND previous IS NULL)))

-- name: event_time
SELECT at FROM events WHERE seq = :seq

-- name: add_record
INSERT INTO records (account, list, id, payload) VALUES (:account, :list, :id, :payload)
ON CONFLICT (account, list, id) DO NOTHING
RETURNING seq

-- name: change_record
UPDATE records SET payload = :payload WHERE account = :account AND list = :list AND id = :id

-- name: record
SELECT payload FROM records WHERE account = :account AND list = :list AND id = :id

-- name: oldest_records
-- records_list
SELECT payload, seq FROM records WHERE account = :account AND list = :list AND seq > :after ORDER BY seq LIMIT :limit

-- name: newest_records
-- records_list, read backwards
SELECT payload FROM records WHERE account = :account AND list = :list ORDER BY seq DESC LIMIT :limit
