-- name: check_integrity
SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok'

-- name: check_references
SELECT format('a row of %s refers to nothing in %s', "table", parent) FROM pragma_foreign_key_check

-- name: check_listed
SELECT format('account %d: the list %s says it shows %d messages, and has %d', c.account, c.status, c.listed, count(m.seq))
  FROM counters c
  LEFT JOIN messages m ON m.account = c.account AND m.status = c.status AND m.arrival > c.cleared
 GROUP BY c.account, c.status
HAVING c.listed <> count(m.seq)

-- name: check_last_event
SELECT format('message %s: its arrival %d is no event that brought it to %s', m.id, m.arrival, m.status)
  FROM messages m LEFT JOIN events e ON e.seq = m.arrival
 WHERE e.message IS NOT m.seq OR e.to_status IS NOT m.status

-- name: check_statuses
SELECT format('message %s: its last event says %s, its status is %s', m.id, e.to_status, m.status)
  FROM messages m
  JOIN events e ON e.seq = (SELECT max(seq) FROM events
                             WHERE message = m.seq AND previous IS NULL AND to_status IS NOT NULL AND seq > m.arrival)
 WHERE e.to_status <> m.status

-- name: check_arrivals
SELECT format('event %d: the arrival %d before it is none of the same message in the list %s', e.seq, e.previous, e.from_status)
  FROM events e LEFT JOIN events p ON p.seq = e.previous
 WHERE e.previous > 0 AND (p.message IS NOT e.message OR p.to_status IS NOT e.from_status OR p.previous IS NULL)

-- name: check_lost_arrivals
SELECT format('event %d: it is an arrival of a message that does not lead back to it', seq)
  FROM (SELECT seq FROM events WHERE previous IS NOT NULL
         EXCEPT SELECT arrival FROM messages EXCEPT SELECT previous FROM events)

-- name: check_in_flight
SELECT format('message %s: it is in flight, and attempt %d is not open', m.id, m.tries)
  FROM messages m LEFT JOIN attempts a ON a.message = m.seq AND a.number = m.tries
 WHERE m.delivery = 'open' AND (a.number IS NULL OR a.outcome IS NOT NULL)
 UNION ALL
SELECT format('message %s: attempt %d is open, and the message is not in flight', m.id, a.number)
  FROM attempts a JOIN messages m ON m.seq = a.message
 WHERE a.outcome IS NULL AND (m.delivery IS NOT 'open' OR m.tries <> a.number)

-- name: check_approvals
WITH claims AS (SELECT message, seq, row_number() OVER (PARTITION BY message ORDER BY seq) AS number
                  FROM events WHERE kind = 'claimed'),
     approvals AS (SELECT message, digest, min(seq) AS seq FROM events
                    WHERE kind IN ('approved', 'tried again', 'send again') GROUP BY message, digest)
SELECT format('message %s: attempt %d has no approval of its text before it', m.id, a.number)
  FROM attempts a JOIN messages m ON m.seq = a.message LEFT JOIN claims c ON c.message = a.message AND c.number = a.number
  LEFT JOIN approvals p ON p.message = a.message AND p.digest = a.digest
 WHERE p.seq IS NULL OR p.seq > c.seq OR c.seq IS NULL

-- name: check_digests
SELECT format('message %s: its text is not the one of its digest', id) FROM messages
 WHERE digest IS NOT NULL AND payload <> '{}' AND digest_of(chat, json_extract(payload, '$.body')) IS NOT digest

-- name: check_event_gaps
SELECT format('%d events are missing', max(seq) - min(seq) + 1 - count(*)) FROM events
HAVING max(seq) - min(seq) + 1 <> count(*)

-- name: check_totals_kept
SELECT account, status, total FROM counters

-- name: check_baseline
SELECT seq, why FROM events WHERE account = :account AND kind = 'baseline' ORDER BY seq DESC LIMIT 1

-- name: check_counted
SELECT count(*) FROM events
 WHERE account = :account AND to_status = :status AND counted = 1 AND seq > :since
