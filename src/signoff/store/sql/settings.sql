-- name: setting
SELECT value, changed_by, changed_at FROM settings WHERE account = :account AND key = :key

-- name: settings
SELECT key, value, changed_by FROM settings WHERE account = :account ORDER BY key

-- name: set_setting
INSERT INTO settings (account, key, value, changed_at, changed_by)
VALUES (:account, :key, :value, :now, :by)
ON CONFLICT (account, key) DO UPDATE
   SET value = excluded.value, revision = revision + 1, changed_at = :now, changed_by = :by

-- name: unset_setting
-- the event of a removal is that of the update before it
UPDATE settings
   SET revision = revision + 1, changed_at = :now, changed_by = :by, changed_what = 'unset'
 WHERE account = :account AND key = :key

-- name: remove_setting
DELETE FROM settings WHERE account = :account AND key = :key AND changed_what = 'unset'

-- name: session
SELECT fields FROM sessions WHERE account = :account

-- name: add_session
INSERT INTO sessions (account, fields, changed_at, changed_by, changed_what)
VALUES (:account, :fields, :now, :by, 'session')

-- name: set_session
UPDATE sessions
   SET fields = :fields, revision = revision + 1, changed_at = :now, changed_by = :by, changed_what = :what,
       changed_why = :why
 WHERE account = :account
