-- name: to_send
-- messages_to_send for the order, messages_to_send_in_chat for what goes before in the same chat: what is being sent,
-- and what the outbox is to send; a script that said yes and never sent holds up nobody
SELECT m.seq FROM messages m
 WHERE m.account = :account AND m.status = 'approved' AND m.approved_version IS NOT NULL AND m.delivery IS NULL
   AND m.approved_kind <> 'script' AND m.due <= :now
   AND m.arrival > (SELECT cleared FROM counters WHERE account = :account AND status = 'approved')
   AND NOT EXISTS (SELECT 1 FROM messages before
                    WHERE before.account = :account AND before.status = 'approved'
                      AND before.approved_version IS NOT NULL
                      AND (before.delivery = 'open' OR (before.delivery IS NULL AND before.approved_kind <> 'script'
                                                        AND before.due IS NOT NULL))
                      AND before.chat = m.chat AND before.arrival < m.arrival
                      AND before.arrival > (SELECT cleared FROM counters WHERE account = :account AND status = 'approved'))
 ORDER BY m.due, m.arrival LIMIT 1

-- name: to_send_ahead
-- messages_to_send; so the next three, each with the index of its work. What was changed since the clock was set back
-- still waits for a time that nobody can have meant: an approval waits for a day at most, anything else for minutes
SELECT seq FROM messages
 WHERE account = :account AND status = 'approved' AND approved_version IS NOT NULL AND delivery IS NULL
   AND due > :now AND (changed_at > :now OR due > :now + 90000000000) LIMIT 100

-- name: to_draft_ahead
-- messages_to_draft
SELECT seq FROM messages
 WHERE account = :account AND draft_due IS NOT NULL AND draft_due > :now
   AND (changed_at > :now OR draft_due > :now + 3600000000) LIMIT 100

-- name: in_flight_ahead
-- messages_in_flight
SELECT seq FROM messages
 WHERE account = :account AND delivery = 'open' AND lease > :now
   AND (changed_at > :now OR lease > :now + 3600000000) LIMIT 100

-- name: to_settle_ahead
-- messages_to_settle
SELECT seq FROM messages
 WHERE account = :account AND settle_due IS NOT NULL AND settle_due > :now
   AND (changed_at > :now OR settle_due > :now + 3600000000) LIMIT 100

-- name: heed_clock
UPDATE messages
   SET due = min(due, :now), draft_due = min(draft_due, :now), lease = min(lease, :now),
       settle_due = min(settle_due, :now),
       revision = revision + 1, changed_at = :now, changed_by = :by, changed_what = 'clock set back', changed_why = NULL
 WHERE seq = :seq

-- name: open_attempt
UPDATE messages
   SET delivery = 'open', tries = tries + 1, lease = :lease, settle_due = NULL,
       revision = revision + 1, changed_at = :now, changed_by = :by, changed_what = 'claimed', changed_why = NULL
 WHERE seq = :seq AND (delivery IS NULL OR delivery = 'refused') AND approved_version = draft_version
   AND arrival > (SELECT cleared FROM counters c WHERE c.account = messages.account AND c.status = messages.status)

-- name: add_attempt
INSERT INTO attempts (message, number, token, digest, started_at, started_by, process)
SELECT seq, tries, :token, digest, :now, :by, :process FROM messages WHERE seq = :seq
RETURNING number

-- name: attempts
SELECT number, token, digest, started_at, started_by, outcome, reason, gateway_id, ack, settled_at
  FROM attempts WHERE message = :seq ORDER BY number

-- name: close_attempt
UPDATE attempts
   SET outcome = :outcome, reason = :reason, gateway_id = coalesce(:gateway_id, gateway_id), settled_at = :now
 WHERE message = :seq AND number = :number
   AND (outcome IS NULL OR (outcome IN ('unknown', 'refused') AND :outcome = 'accepted'))

-- name: settle_moved
-- What turns out to have left is SENT, also where its attempt was settled otherwise and another waits to begin.
UPDATE messages
   SET status = :target, arrival = iif(status = :target, arrival, (SELECT max(seq) + 1 FROM events)),
       moved_at = iif(status = :target, moved_at, :now), reason = :reason,
       delivery = :delivery, lease = NULL, settle_due = NULL,
       revision = revision + 1, changed_at = :now, changed_by = :by, changed_what = :what, changed_why = :why
 WHERE seq = :seq AND tries = :number
   AND (delivery = 'open'
        OR (:delivery = 'accepted'
            AND (delivery IN ('unknown', 'refused')
                 OR (delivery IS NULL AND status = 'approved'
                     AND digest = (SELECT digest FROM attempts WHERE message = :seq AND number = :number)))))

-- name: fail_by_provider
UPDATE messages
   SET status = 'failed', arrival = (SELECT max(seq) + 1 FROM events), moved_at = :now, reason = 'refused',
       delivery = 'refused',
       revision = revision + 1, changed_at = :now, changed_by = :by, changed_what = 'failed', changed_why = :why
 WHERE seq = :seq AND tries = :number AND status = 'sent' AND delivery = 'accepted'

-- name: settle_beside
UPDATE messages
   SET delivery = :delivery, lease = NULL, settle_due = :settle_due, due = :due,
       revision = revision + 1, changed_at = :now, changed_by = :by, changed_what = :what, changed_why = :why
 WHERE seq = :seq AND tries = :number AND delivery = 'open'

-- name: expired_attempts
-- messages_in_flight
SELECT m.seq, m.tries, a.token, a.started_at, a.process
  FROM messages m JOIN attempts a ON a.message = m.seq AND a.number = m.tries
 WHERE m.account = :account AND m.delivery = 'open' AND m.lease <= :now
 ORDER BY m.lease LIMIT :limit

-- name: extend_lease
UPDATE messages
   SET lease = :lease,
       revision = revision + 1, changed_at = :now, changed_by = :by, changed_what = 'looking up', changed_why = NULL
 WHERE seq = :seq AND tries = :number AND delivery = 'open' AND lease <= :now

-- name: look_again
UPDATE messages
   SET lease = :lease,
       revision = revision + 1, changed_at = :now, changed_by = :by, changed_what = 'looking up', changed_why = :why
 WHERE seq = :seq AND tries = :number AND delivery = 'open'

-- name: attempt_of_echo
-- attempts_gateway_id, attempts_digest
SELECT token FROM attempts a CROSS JOIN messages m ON m.seq = a.message
 WHERE m.account = :account
   AND (a.gateway_id = :gateway_id OR (a.digest = :digest AND (a.outcome IS NULL OR a.outcome = 'unknown')))
 ORDER BY a.started_at LIMIT 1

-- name: to_settle
-- messages_to_settle
SELECT seq, delivery FROM messages
 WHERE account = :account AND settle_due IS NOT NULL AND settle_due <= :now ORDER BY settle_due LIMIT :limit

-- name: settle_late
UPDATE messages
   SET status = :target, arrival = (SELECT max(seq) + 1 FROM events), moved_at = :now, reason = :reason,
       settle_due = NULL,
       revision = revision + 1, changed_at = :now, changed_by = :by, changed_what = :what, changed_why = NULL
 WHERE seq = :seq AND settle_due IS NOT NULL

-- name: attempt_of_receipt
SELECT a.message, a.number, a.ack, m.delivery, m.tries
  FROM attempts a JOIN messages m ON m.seq = a.message
 WHERE m.account = :account AND (a.token = :token OR a.gateway_id = :gateway_id)
 LIMIT 1

-- name: ack
SELECT ack FROM attempts WHERE message = :seq AND number = :number

-- name: note_ack
UPDATE attempts SET ack = :ack, gateway_id = coalesce(gateway_id, :gateway_id)
 WHERE message = :seq AND number = :number

-- name: script_rows
-- messages_of_scripts; drafts_digest for earlier versions. What is still to be sent comes before what failed.
SELECT seq, reserved_by FROM (
  SELECT * FROM (SELECT seq, reserved_by, status NOT IN ('pending_approval', 'approved') AS later FROM messages
                  WHERE account = :account AND origin IN ('script', 'sender') AND used = 0 AND digest = :digest
                    AND arrival > (SELECT cleared FROM counters c
                                    WHERE c.account = messages.account AND c.status = messages.status)
                  ORDER BY status NOT IN ('pending_approval', 'approved'), seq LIMIT :limit)
   UNION
  SELECT m.seq, m.reserved_by, m.status NOT IN ('pending_approval', 'approved')
    FROM drafts d CROSS JOIN messages m ON m.seq = d.message
   WHERE d.digest = :digest AND m.account = :account AND m.origin IN ('script', 'sender') AND m.used = 0
     AND m.arrival > (SELECT cleared FROM counters c WHERE c.account = m.account AND c.status = m.status)
) ORDER BY later, seq LIMIT :limit

-- name: reserve
UPDATE messages
   SET reserved_by = :process,
       revision = revision + 1, changed_at = :now, changed_by = :by, changed_what = 'reserved', changed_why = :process
 WHERE seq = :seq AND used = 0 AND reserved_by IS :expected

-- name: end_reservation
UPDATE messages
   SET reserved_by = NULL, used = :used,
       revision = revision + 1, changed_at = :now, changed_by = :by, changed_what = :what, changed_why = NULL
 WHERE seq = :seq AND reserved_by = :process
