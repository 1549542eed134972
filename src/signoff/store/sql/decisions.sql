-- name: to_draft
-- messages_to_draft
SELECT m.seq FROM messages m
 WHERE m.account = :account AND m.draft_due IS NOT NULL AND m.draft_due <= :now
   AND m.arrival > (SELECT cleared FROM counters WHERE account = :account AND status = 'incoming')
 ORDER BY m.draft_due LIMIT 1

-- name: to_be_drafted
-- messages_to_draft
SELECT seq FROM messages
 WHERE account = :account AND draft_due IS NOT NULL
   AND arrival > (SELECT cleared FROM counters WHERE account = :account AND status = 'incoming')
 ORDER BY draft_due

-- name: lease_draft
-- Whoever drafts now is shown the chat as it is; only what was written on the phone does not stand there.
UPDATE messages
   SET draft_due = :until, draft_tries = draft_tries + 1, stale = iif(stale LIKE 'answered from the phone %', stale, NULL),
       revision = revision + 1, changed_at = :now, changed_by = :by, changed_what = 'drafting', changed_why = NULL
 WHERE seq = :seq AND draft_due <= :now

-- name: set_draft_due
UPDATE messages
   SET draft_due = :due, draft_tries = iif(:what = 'asked again', 0, draft_tries),
       stale = iif(:what = 'asked again', NULL, stale),
       revision = revision + 1, changed_at = :now, changed_by = :by, changed_what = :what, changed_why = :why
 WHERE seq = :seq AND (:tries IS NULL OR (draft_tries = :tries AND draft_due IS NOT NULL))

-- name: want_no_draft
UPDATE messages
   SET draft_due = NULL,
       revision = revision + 1, changed_at = :now, changed_by = :by, changed_what = 'answered', changed_why = NULL
 WHERE seq = :seq AND draft_due IS NOT NULL

-- name: open_drafts
SELECT seq FROM messages WHERE answers = :answers AND status IN ('pending_approval', 'approved')

-- name: answer_to
-- messages_answers
SELECT seq FROM messages WHERE answers = :answers ORDER BY seq DESC LIMIT 1

-- name: supersede
UPDATE messages
   SET status = 'rejected', arrival = (SELECT max(seq) + 1 FROM events), moved_at = :now, reason = 'superseded',
       approved_version = NULL, approved_digest = NULL, approved_by = NULL, approved_kind = NULL, approved_at = NULL,
       revision = revision + 1, changed_at = :now, changed_by = :by, changed_what = 'superseded', changed_why = NULL
 WHERE seq = :seq AND status = 'pending_approval' AND delivery IS NULL

-- name: make_stale
-- messages_undecided_in_chat, once for every address of the contact; without the hint the whole list would be read
UPDATE messages INDEXED BY messages_undecided_in_chat
   SET stale = :stale,
       revision = revision + 1, changed_at = :now, changed_by = :by, changed_what = 'stale', changed_why = :stale
 WHERE account = :account AND status = 'pending_approval' AND origin = 'draft' AND delivery IS NULL
   AND chat IN (SELECT :chat UNION SELECT other.address FROM aliases own JOIN aliases other USING (contact)
                 WHERE own.account = :account AND own.address = :chat)

-- name: make_stale_before_drafted
-- messages_to_draft_in_chat: incoming messages whose draft is still to come and will be out of date when it does.
-- That it was answered from the phone holds however often it is drafted: nothing else takes its place.
UPDATE messages
   SET stale = :stale,
       revision = revision + 1, changed_at = :now, changed_by = :by, changed_what = 'stale', changed_why = :stale
 WHERE account = :account AND draft_due > :after AND (stale LIKE 'answered from the phone %') IS NOT TRUE
   AND chat IN (SELECT :chat UNION SELECT other.address FROM aliases own JOIN aliases other USING (contact)
                 WHERE own.account = :account AND own.address = :chat)

-- name: stale_from_the_beginning
UPDATE messages
   SET stale = :stale,
       revision = revision + 1, changed_at = :now, changed_by = :by, changed_what = 'stale', changed_why = :stale
 WHERE seq = :seq

-- name: approve
UPDATE messages
   SET status = 'approved', arrival = (SELECT max(seq) + 1 FROM events), moved_at = :now, reason = NULL, stale = NULL,
       approved_version = draft_version, approved_digest = digest, approved_by = :by, approved_kind = :kind,
       approved_at = :now, due = :due, delivery = NULL, settle_due = NULL,
       revision = revision + 1, changed_at = :now, changed_by = :by, changed_what = :what, changed_why = :why
 WHERE seq = :seq AND status = :status AND draft_version = :version AND digest IS NOT NULL
   AND delivery IS NOT 'open' AND delivery IS NOT 'accepted'

-- name: approve_beside
UPDATE messages
   SET approved_version = draft_version, approved_digest = digest, approved_by = :by, approved_kind = :kind,
       approved_at = :now,
       revision = revision + 1, changed_at = :now, changed_by = :by, changed_what = 'approved', changed_why = :why
 WHERE seq = :seq AND draft_version = :version AND digest IS NOT NULL AND delivery IS NOT 'open'
   AND delivery IS NOT 'accepted'

-- name: decide
UPDATE messages
   SET status = :target, arrival = (SELECT max(seq) + 1 FROM events), moved_at = :now, reason = :reason, stale = NULL,
       approved_version = NULL, approved_digest = NULL, approved_by = NULL, approved_kind = NULL, approved_at = NULL,
       due = NULL, asked = 0, delivery = NULL, settle_due = NULL,
       revision = revision + 1, changed_at = :now, changed_by = :by, changed_what = :what, changed_why = :why
 WHERE seq = :seq AND status = :status AND draft_version = :version
   AND delivery IS NOT 'open' AND delivery IS NOT 'accepted'

-- name: edit
UPDATE messages
   SET payload = json_set(payload, '$.body', :text), digest = :digest, draft_version = draft_version + 1, author = :by,
       stale = NULL, asked = 0, due = NULL, delivery = NULL, settle_due = NULL,
       approved_version = NULL, approved_digest = NULL, approved_by = NULL, approved_kind = NULL, approved_at = NULL,
       revision = revision + 1, changed_at = :now, changed_by = :by, changed_what = 'edited', changed_why = NULL
 WHERE seq = :seq AND status = 'pending_approval' AND draft_version = :version
   AND (delivery IS NULL OR delivery = 'refused')

-- name: drafts_by_asked
-- messages_undecided: asked = 0, not yet looked at by the rules; asked = 1, waiting for a person
SELECT seq, draft_version, coalesce(moved_at, added_at) FROM messages
 WHERE account = :account AND status = 'pending_approval' AND asked = :asked AND origin = 'draft' AND delivery IS NULL
   AND arrival > (SELECT cleared FROM counters WHERE account = :account AND status = 'pending_approval')
 ORDER BY arrival LIMIT :limit

-- name: set_asked
UPDATE messages
   SET asked = 1,
       revision = revision + 1, changed_at = :now, changed_by = :by, changed_what = 'asked', changed_why = :why
 WHERE seq = :seq AND status = 'pending_approval' AND asked = 0

-- name: confirm_arrival
UPDATE messages
   SET status = 'sent', arrival = (SELECT max(seq) + 1 FROM events), moved_at = :now, reason = NULL,
       delivery = 'accepted', settle_due = NULL,
       revision = revision + 1, changed_at = :now, changed_by = :by, changed_what = 'it arrived', changed_why = :why
 WHERE seq = :seq AND delivery = 'unknown' AND status <> 'sent'

-- name: give_up
UPDATE messages
   SET reason = 'gave up', delivery = 'refused',
       approved_version = NULL, approved_digest = NULL, approved_by = NULL, approved_kind = NULL, approved_at = NULL,
       revision = revision + 1, changed_at = :now, changed_by = :by, changed_what = 'gave up', changed_why = :why
 WHERE seq = :seq AND delivery = 'unknown'
