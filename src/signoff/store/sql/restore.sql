-- Putting a backup in the place of a database: "main" is the copy of the backup, "replaced" the database it replaces.

-- name: attach_replaced
ATTACH :uri AS replaced

-- name: replaced_store
SELECT id, (SELECT coalesce(max(seq), 0) FROM replaced.events) FROM replaced.store

-- name: unknown_accounts
SELECT account, name FROM replaced.accounts WHERE name NOT IN (SELECT name FROM main.accounts) ORDER BY account

-- name: take_settings
INSERT INTO settings (account, key, value, changed_at, changed_by)
SELECT :account, key, value, changed_at, changed_by FROM replaced.settings WHERE account = :theirs

-- name: take_session
INSERT INTO sessions (account, fields, changed_at, changed_by, changed_what)
SELECT :account, fields, changed_at, changed_by, changed_what FROM replaced.sessions WHERE account = :theirs

-- name: replaced_contacts
SELECT r.contact, a.account, r.address, m.contact
  FROM replaced.aliases r
  JOIN replaced.accounts ra ON ra.account = r.account
  JOIN main.accounts a ON a.name = ra.name
  LEFT JOIN main.aliases m ON m.account = a.account AND m.address = r.address
 ORDER BY r.contact, r.address

-- name: take_records
INSERT INTO records (account, list, id, payload)
SELECT a.account, r.list, r.id, r.payload
  FROM replaced.records r JOIN replaced.accounts ra ON ra.account = r.account JOIN main.accounts a ON a.name = ra.name
 WHERE true ORDER BY r.seq
ON CONFLICT (account, list, id) DO NOTHING

-- name: unsent_approvals
SELECT seq FROM main.messages
 WHERE approved_version IS NOT NULL AND delivery IS NULL AND (status = 'approved' OR status = 'pending_approval')

-- name: to_take_over
-- What came since the backup, and what is known of sending that the backup does not know.
SELECT r.seq, r.id, a.account, m.seq, r.status, r.chat, r.delivery
  FROM replaced.messages r
  JOIN replaced.accounts ra ON ra.account = r.account
  JOIN main.accounts a ON a.name = ra.name
  LEFT JOIN main.messages m ON m.account = a.account AND m.id = r.id
 WHERE m.seq IS NULL
    OR ((r.delivery IS NOT NULL OR m.delivery IS NOT NULL OR r.status = 'sent' OR r.used <> 0 OR r.tries > m.tries)
        AND (r.status, r.delivery, r.tries, r.used, r.digest) IS NOT (m.status, m.delivery, m.tries, m.used, m.digest))
    OR (r.delivery = 'open' AND EXISTS (SELECT 1 FROM replaced.attempts t
                                         WHERE t.message = r.seq AND t.number = r.tries AND t.ack IS NOT NULL))
 ORDER BY r.seq

-- name: undecided_in_chat
-- messages_undecided_in_chat
SELECT seq FROM main.messages
 WHERE account = :account AND chat = :chat AND status = 'pending_approval' AND origin = 'draft' AND delivery IS NULL

-- name: drafted_since
UPDATE main.messages
   SET draft_due = NULL,
       revision = revision + 1, changed_at = :now, changed_by = :by, changed_what = 'drafted', changed_why = :why
 WHERE draft_due IS NOT NULL
   AND EXISTS (SELECT 1 FROM main.accounts a JOIN replaced.accounts ra ON ra.name = a.name
                 JOIN replaced.messages r ON r.account = ra.account AND r.id = messages.id
                WHERE a.account = messages.account AND r.draft_due IS NULL)

-- name: supersede_others
UPDATE main.messages
   SET status = 'rejected', arrival = (SELECT max(seq) + 1 FROM main.events), moved_at = :now, reason = 'superseded',
       revision = revision + 1, changed_at = :now, changed_by = :by, changed_what = 'restored', changed_why = 'superseded'
 WHERE seq IS NOT :seq AND status = 'pending_approval' AND delivery IS NULL
   AND answers = (SELECT m.seq FROM replaced.messages r
                    JOIN replaced.messages answered ON answered.seq = r.answers
                    JOIN main.messages m ON m.account = :account AND m.id = answered.id
                   WHERE r.seq = :theirs AND (r.status = 'pending_approval' OR r.status = 'approved'))

-- name: take_new
-- From "file" for a moment, so that it is not counted; "take" writes all the rest.
INSERT INTO main.messages (account, id, status, arrival, added_at, origin, payload, chat, digest, draft_version, answers,
                           changed_at, changed_by, changed_what)
SELECT :account, r.id, r.status, (SELECT coalesce(max(seq), 0) + 1 FROM main.events), r.added_at, 'file', r.payload,
       r.chat, r.digest, r.draft_version,
       (SELECT m.seq FROM replaced.messages answered JOIN main.messages m ON m.account = :account AND m.id = answered.id
         WHERE answered.seq = r.answers),
       :now, :by, 'taken over'
  FROM replaced.messages r WHERE r.seq = :theirs
RETURNING seq

-- name: take
-- What was being sent when the database was replaced is unconfirmed: its sender is gone.
UPDATE main.messages
   SET (status, moved_at, origin, payload, chat, reason, draft_due, draft_tries, digest, draft_version, author, note,
        stale, asked, approved_version, approved_digest, approved_by, approved_kind, approved_at, due, tries, delivery,
        lease, settle_due, used, reserved_by)
     = (SELECT iif(r.delivery IS 'open', 'failed', r.status), r.moved_at, r.origin, r.payload, r.chat,
               iif(r.delivery IS 'open', 'unconfirmed', r.reason), r.draft_due, r.draft_tries, r.digest,
               messages.draft_version + (messages.digest IS NOT r.digest), r.author, r.note, r.stale, r.asked,
               iif(r.approved_version IS NULL, NULL, messages.draft_version + (messages.digest IS NOT r.digest)),
               r.approved_digest, r.approved_by, r.approved_kind, r.approved_at, r.due, max(r.tries, messages.tries),
               iif(r.delivery IS 'open', 'unknown', r.delivery), NULL, r.settle_due, r.used, NULL
          FROM replaced.messages r WHERE r.seq = :theirs),
       arrival = (SELECT max(seq) + 1 FROM main.events),
       revision = revision + 1, changed_at = :now, changed_by = :by, changed_what = 'restored', changed_why = :why
 WHERE seq = :seq

-- name: take_versions
INSERT INTO main.drafts (message, version, recipient, text, digest, author, until)
SELECT :seq, version, recipient, text, digest, author, until FROM replaced.drafts r
 WHERE r.message = :theirs AND r.version < (SELECT draft_version FROM main.messages WHERE seq = :seq)
   AND NOT EXISTS (SELECT 1 FROM main.drafts d WHERE d.message = :seq AND d.version = r.version)

-- name: take_outcomes
UPDATE main.attempts
   SET (outcome, reason, gateway_id, ack, settled_at)
     = (SELECT coalesce(r.outcome, 'unknown'), r.reason, r.gateway_id, r.ack, coalesce(r.settled_at, :now)
          FROM replaced.attempts r WHERE r.message = :theirs AND r.number = attempts.number)
 WHERE message = :seq AND token IN (SELECT token FROM replaced.attempts WHERE message = :theirs)

-- name: take_attempts
INSERT INTO main.attempts (message, number, token, digest, started_at, started_by, process, outcome, reason, gateway_id,
                           ack, settled_at)
SELECT :seq, r.number, r.token, r.digest, r.started_at, r.started_by, r.process, coalesce(r.outcome, 'unknown'),
       r.reason, r.gateway_id, r.ack, coalesce(r.settled_at, :now)
  FROM replaced.attempts r
 WHERE r.message = :theirs
   AND NOT EXISTS (SELECT 1 FROM main.attempts a WHERE (a.message = :seq AND a.number = r.number) OR a.token = r.token)

-- name: close_lost_attempts
UPDATE main.attempts SET outcome = 'unknown', reason = 'restored', settled_at = :now
 WHERE message = :seq AND outcome IS NULL

-- name: replaced_history
WITH RECURSIVE arrivals (seq) AS (
  SELECT arrival FROM replaced.messages WHERE seq = :seq
   UNION ALL
  SELECT e.previous FROM arrivals JOIN replaced.events e ON e.seq = arrivals.seq WHERE e.previous > 0 AND e.previous < e.seq
)
SELECT e.seq, e.at, e.kind, e.from_status, e.to_status, e.by, r.text, e.version, e.digest
  FROM replaced.events e LEFT JOIN replaced.reasons r ON r.message = :seq AND r.event = e.seq
 WHERE e.seq IN (SELECT seq FROM arrivals
                  UNION ALL SELECT seq FROM replaced.events WHERE message = :seq AND previous IS NULL)
 ORDER BY e.seq

-- name: take_event
INSERT INTO main.events (account, message, at, kind, from_status, to_status, by, version, digest)
VALUES (:account, :message, :at, :kind, :from_status, :to_status, :by, :version, :digest)

-- name: take_reason
INSERT INTO main.reasons (message, event, text) VALUES (:message, (SELECT max(seq) FROM main.events), :why)

-- name: all_to_forget
SELECT message FROM main.to_forget

-- name: take_to_forget
INSERT INTO main.to_forget (message, by)
SELECT m.seq, f.by
  FROM replaced.to_forget f
  JOIN replaced.messages r ON r.seq = f.message
  JOIN replaced.accounts ra ON ra.account = r.account
  JOIN main.accounts a ON a.name = ra.name
  JOIN main.messages m ON m.account = a.account AND m.id = r.id
 WHERE true
ON CONFLICT (message) DO NOTHING

-- name: forgotten_since
SELECT m.seq
  FROM replaced.messages r
  JOIN replaced.accounts ra ON ra.account = r.account
  JOIN main.accounts a ON a.name = ra.name
  JOIN main.messages m ON m.account = a.account AND m.id = r.id
 WHERE r.payload = json_object('id', r.id) AND m.payload <> r.payload

-- name: forget_records_again
UPDATE main.records SET payload = json_object('id', id)
 WHERE EXISTS (SELECT 1
                 FROM replaced.records r
                 JOIN replaced.accounts ra ON ra.account = r.account
                 JOIN main.accounts a ON a.name = ra.name
                WHERE a.account = records.account AND r.list = records.list AND r.id = records.id
                  AND r.payload = json_object('id', r.id))

-- name: still_in_flight
SELECT seq, tries FROM main.messages WHERE delivery = 'open'

-- name: seen_to_arrive
SELECT m.seq, m.tries FROM main.messages m JOIN main.attempts a ON a.message = m.seq AND a.number = m.tries
 WHERE m.delivery = 'unknown' AND a.ack <> 'error'

-- name: accept_lost_attempt
UPDATE main.attempts SET outcome = 'accepted', reason = NULL WHERE message = :seq AND number = :number

-- name: leave_to_people
UPDATE main.messages
   SET asked = 1,
       revision = revision + 1, changed_at = :now, changed_by = :by, changed_what = 'asked', changed_why = :why
 WHERE status = 'pending_approval' AND origin = 'draft' AND asked = 0

-- name: new_store_id
UPDATE main.store SET id = lower(hex(randomblob(8)))
