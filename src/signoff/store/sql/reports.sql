-- name: events_before
-- the events themselves, read backwards
SELECT e.seq, e.at, e.kind, e.from_status, e.to_status, e.by, coalesce(r.text, e.why), e.version, e.digest, m.id
  FROM events e
  LEFT JOIN messages m ON m.seq = e.message
  LEFT JOIN reasons r ON r.message = e.message AND r.event = e.seq
 WHERE e.account = :account AND e.seq < :before
 ORDER BY e.seq DESC LIMIT :limit

-- name: with_contact
-- messages_conversation, read backwards, once for every address of the contact
SELECT m.seq, m.id, m.status, m.arrival, m.added_at, m.moved_at, m.origin, m.payload, m.chat, m.reason, m.draft_due, m.draft_tries,
       m.digest, m.draft_version, m.answers, m.author, m.note, m.stale, m.asked, m.approved_version, m.approved_by,
       m.approved_kind, m.approved_at, m.due, m.tries, m.delivery, m.lease, m.used, m.reserved_by, m.changed_at, m.changed_by,
       m.changed_what, m.changed_why, m.arrival > c.cleared
  FROM messages m INDEXED BY messages_conversation CROSS JOIN counters c ON c.account = m.account AND c.status = m.status
 WHERE m.account = :account AND m.chat = :chat AND m.payload <> '{}' AND m.seq < :before
 ORDER BY m.seq DESC LIMIT :limit

-- name: event_at
-- the first event from a number on
SELECT seq, at FROM events WHERE seq >= :seq ORDER BY seq LIMIT 1

-- name: tally
-- the events of the time that is asked for
SELECT coalesce(sum(to_status = 'incoming'), 0), coalesce(sum(to_status = 'pending_approval'), 0),
       coalesce(sum(to_status = 'approved'), 0), coalesce(sum(to_status = 'rejected'), 0),
       coalesce(sum(to_status = 'sent'), 0), coalesce(sum(to_status = 'failed'), 0)
  FROM events
 WHERE seq >= :first AND seq < :end AND account = :account AND counted = 1
