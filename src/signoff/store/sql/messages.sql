-- name: store_id
SELECT id FROM store

-- name: last_event
SELECT coalesce(max(seq), 0) FROM events

-- name: accounts
SELECT account, name FROM accounts ORDER BY account

-- name: find_account
SELECT account FROM accounts WHERE name = :name

-- name: add_account
INSERT INTO accounts (name) VALUES (:name) RETURNING account

-- name: add_counters
INSERT INTO counters (account, status)
VALUES (:account, 'incoming'), (:account, 'pending_approval'), (:account, 'approved'), (:account, 'rejected'),
       (:account, 'sent'), (:account, 'failed')

-- name: add
INSERT INTO messages (account, id, status, arrival, origin, payload, chat, digest, answers, author, note, draft_due,
                      added_at, changed_at, changed_by, changed_what, changed_why)
VALUES (:account, :id, :status, (SELECT coalesce(max(seq), 0) + 1 FROM events), :origin, :payload, :chat, :digest,
        :answers, :author, :note, :draft_due, :now, :now, :by, 'added', :why)
ON CONFLICT (account, id) DO NOTHING
RETURNING seq

-- name: edit_incoming
UPDATE messages
   SET payload = json_set(payload, '$.body', :text), draft_version = draft_version + 1,
       revision = revision + 1, changed_at = :now, changed_by = :by, changed_what = 'edited', changed_why = :why
 WHERE seq = :seq AND status = 'incoming' AND draft_version = :version

-- name: log
INSERT INTO events (account, at, message, kind, by, why) VALUES (:account, :now, :message, :kind, :by, :why)

-- name: move
UPDATE messages
   SET status = :target, arrival = (SELECT max(seq) + 1 FROM events), moved_at = :now, reason = NULL, stale = NULL,
       settle_due = NULL, due = NULL, draft_due = NULL, delivery = iif(delivery = 'refused', NULL, delivery),
       approved_version = iif(:target = 'sent' AND delivery IS NOT NULL, approved_version, NULL),
       approved_digest  = iif(:target = 'sent' AND delivery IS NOT NULL, approved_digest, NULL),
       approved_by      = iif(:target = 'sent' AND delivery IS NOT NULL, approved_by, NULL),
       approved_kind    = iif(:target = 'sent' AND delivery IS NOT NULL, approved_kind, NULL),
       approved_at      = iif(:target = 'sent' AND delivery IS NOT NULL, approved_at, NULL),
       revision = revision + 1, changed_at = :now, changed_by = :by, changed_what = :what, changed_why = NULL
 WHERE account = :account AND id = :id AND status = :source
   AND arrival > (SELECT cleared FROM counters WHERE account = :account AND status = :source)

-- name: get
SELECT m.seq, m.id, m.status, m.arrival, m.added_at, m.moved_at, m.origin, m.payload, m.chat, m.reason, m.draft_due, m.draft_tries,
       m.digest, m.draft_version, m.answers, m.author, m.note, m.stale, m.asked, m.approved_version, m.approved_by,
       m.approved_kind, m.approved_at, m.due, m.tries, m.delivery, m.lease, m.used, m.reserved_by, m.changed_at, m.changed_by,
       m.changed_what, m.changed_why, m.arrival > c.cleared
  FROM messages m JOIN counters c ON c.account = m.account AND c.status = m.status
 WHERE m.account = :account AND m.id = :id

-- name: get_by_seq
SELECT m.seq, m.id, m.status, m.arrival, m.added_at, m.moved_at, m.origin, m.payload, m.chat, m.reason, m.draft_due, m.draft_tries,
       m.digest, m.draft_version, m.answers, m.author, m.note, m.stale, m.asked, m.approved_version, m.approved_by,
       m.approved_kind, m.approved_at, m.due, m.tries, m.delivery, m.lease, m.used, m.reserved_by, m.changed_at, m.changed_by,
       m.changed_what, m.changed_why, m.arrival > c.cleared
  FROM messages m JOIN counters c ON c.account = m.account AND c.status = m.status
 WHERE m.seq = :seq

-- name: page
-- messages_list
SELECT m.seq, m.id, m.status, m.arrival, m.added_at, m.moved_at, m.origin, m.payload, m.chat, m.reason, m.draft_due, m.draft_tries,
       m.digest, m.draft_version, m.answers, m.author, m.note, m.stale, m.asked, m.approved_version, m.approved_by,
       m.approved_kind, m.approved_at, m.due, m.tries, m.delivery, m.lease, m.used, m.reserved_by, m.changed_at, m.changed_by,
       m.changed_what, m.changed_why, 1
  FROM messages m
 WHERE m.account = :account AND m.status = :status
   AND m.arrival > max(:after, (SELECT cleared FROM counters WHERE account = :account AND status = :status))
 ORDER BY m.arrival LIMIT :limit

-- name: newest
-- messages_list, read backwards
SELECT payload, status, moved_at, arrival
  FROM messages
 WHERE account = :account AND status = :status
   AND arrival > (SELECT cleared FROM counters WHERE account = :account AND status = :status)
 ORDER BY arrival DESC LIMIT :limit

-- name: oldest
-- messages_list
SELECT payload, status, moved_at, arrival
  FROM messages
 WHERE account = :account AND status = :status
   AND arrival > max(:after, (SELECT cleared FROM counters WHERE account = :account AND status = :status))
 ORDER BY arrival LIMIT :limit

-- name: conversation
-- messages_conversation, read backwards, once for every address of the contact
SELECT payload, status, moved_at, seq
  FROM messages INDEXED BY messages_conversation
 WHERE account = :account AND chat = :chat AND status IN ('incoming', 'sent') AND payload <> '{}'
 ORDER BY seq DESC LIMIT :limit

-- name: history
-- from its last arrival back to the first, and what happened in between
WITH RECURSIVE arrivals (seq) AS (
  SELECT arrival FROM messages WHERE seq = :seq
   UNION ALL
  SELECT e.previous FROM arrivals JOIN events e ON e.seq = arrivals.seq WHERE e.previous > 0 AND e.previous < e.seq
)
SELECT e.seq, e.at, e.kind, e.from_status, e.to_status, e.by, r.text, e.version, e.digest
  FROM events e LEFT JOIN reasons r ON r.message = :seq AND r.event = e.seq
 WHERE e.seq IN (SELECT seq FROM arrivals UNION ALL SELECT seq FROM events WHERE message = :seq AND previous IS NULL)
 ORDER BY e.seq

-- name: versions
SELECT version, recipient, text, author, until FROM drafts WHERE message = :seq ORDER BY version

-- name: counters
SELECT status, total, listed, last_at, cleared FROM counters WHERE account = :account

-- name: clear
UPDATE counters SET cleared = (SELECT coalesce(max(seq), 0) FROM events), listed = 0
 WHERE account = :account AND status = :status

-- name: reset_totals
UPDATE counters SET total = 0, last_at = NULL WHERE account = :account

-- name: set_total
UPDATE counters SET total = :total, last_at = :last_at WHERE account = :account AND status = :status

-- name: oldest_times
-- messages_list
SELECT arrival, coalesce(moved_at, added_at) FROM messages
 WHERE account = :account AND status = :status
   AND arrival > (SELECT cleared FROM counters WHERE account = :account AND status = :status)
 ORDER BY arrival LIMIT :limit

-- name: clear_to
UPDATE counters SET cleared = :arrival, listed = listed - :count WHERE account = :account AND status = :status

-- name: to_purge
SELECT m.seq, m.arrival FROM messages m JOIN counters c ON c.account = m.account AND c.status = m.status
 WHERE m.account = :account AND m.status = :status AND m.arrival > c.purged AND m.arrival <= c.cleared
 ORDER BY m.arrival LIMIT :limit

-- name: purge
UPDATE messages
   SET payload = iif(payload = json_object('id', id), payload, '{}'), note = NULL, draft_due = NULL, due = NULL,
       used = 1,
       approved_version = NULL, approved_digest = NULL, approved_by = NULL, approved_kind = NULL, approved_at = NULL,
       revision = revision + 1, changed_at = :now, changed_by = 'keeper', changed_what = 'purged', changed_why = NULL
 WHERE seq = :seq AND delivery IS NOT 'open'

-- name: purge_versions
UPDATE drafts SET text = NULL WHERE message = :seq

-- name: purge_reasons
DELETE FROM reasons WHERE message = :seq

-- name: purge_attempts
UPDATE attempts SET reason = NULL WHERE message = :seq AND reason IS NOT NULL

-- name: purged
UPDATE counters SET purged = :purged WHERE account = :account AND status = :status

-- name: contact_of
SELECT contact FROM aliases WHERE account = :account AND address = :address

-- name: add_contact
INSERT INTO contacts (account) VALUES (:account) RETURNING contact

-- name: add_alias
INSERT INTO aliases (account, address, contact) VALUES (:account, :address, :contact)

-- name: merge_contact
UPDATE aliases SET contact = :into WHERE contact = :contact

-- name: addresses_of
SELECT address FROM aliases WHERE contact = :contact ORDER BY account, address

-- name: messages_of_chat
-- Reads every message, as the next does: forgetting is rare. Also what was purged, so that no backup brings its text back.
SELECT seq FROM messages
 WHERE account = :account AND chat = :chat
   AND (payload <> json_object('id', id) OR EXISTS (SELECT 1 FROM reasons r WHERE r.message = messages.seq))

-- name: messages_of_writer
SELECT seq FROM messages WHERE account = :account AND json_extract(payload, '$.author') = :address

-- name: forget_records
UPDATE records SET payload = json_object('id', id)
 WHERE account = :account AND :address IN (json_extract(payload, '$.recipient'), json_extract(payload, '$.from'))

-- name: forget
UPDATE messages
   SET payload = json_object('id', id), note = NULL, digest = NULL, draft_due = NULL,
       approved_version = NULL, approved_digest = NULL, approved_by = NULL, approved_kind = NULL, approved_at = NULL,
       revision = revision + 1, changed_at = :now, changed_by = :by, changed_what = 'forgotten', changed_why = NULL
 WHERE seq = :seq AND delivery IS NOT 'open'

-- name: show_again
UPDATE messages
   SET arrival = (SELECT max(seq) + 1 FROM events), payload = :payload, chat = :chat, digest = :digest,
       draft_version = draft_version + (digest IS NOT :digest), draft_due = NULL, due = NULL,
       approved_version = NULL, approved_digest = NULL, approved_by = NULL, approved_kind = NULL, approved_at = NULL,
       revision = revision + 1, changed_at = :now, changed_by = :by, changed_what = 'restored', changed_why = :why
 WHERE seq = :seq AND delivery IS NOT 'open'
