-- name: add_file_revision
INSERT INTO file_revisions (account, revision, settings, session) VALUES (:account, :revision, :settings, :session)
ON CONFLICT (account, revision) DO NOTHING

-- name: file_revision
SELECT revision, settings, session FROM file_revisions
 WHERE account = :account AND revision <= :revision ORDER BY revision DESC LIMIT 1

-- name: newest_file_revision
SELECT revision, settings, session FROM file_revisions WHERE account = :account ORDER BY revision DESC LIMIT 1

-- name: file_edits
-- file_edits_of_revision
SELECT revision, settings, session FROM file_edits WHERE account = :account AND revision = :revision

-- name: add_file_edit
INSERT INTO file_edits (account, revision, settings, session) VALUES (:account, :revision, :settings, :session)

-- name: begun
SELECT 1 FROM events WHERE account = :account LIMIT 1

-- name: known_file
SELECT digest, written FROM known_files WHERE account = :account

-- name: set_known_file
INSERT INTO known_files (account, digest, written) VALUES (:account, :digest, :written)
ON CONFLICT (account) DO UPDATE SET digest = excluded.digest, written = excluded.written

-- name: arrived_last_in
-- An event that brought it nowhere, such as an edit, has the same list before and after.
SELECT iif(m.status = :status, m.arrival,
           (SELECT max(e.seq) FROM events e
             WHERE e.message = m.seq AND e.to_status = :status AND e.from_status IS NOT :status))
  FROM messages m
 WHERE m.account = :account AND m.id = :id

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
