-- name: forget_when_settled
INSERT INTO to_forget (message, by) VALUES (:seq, :by) ON CONFLICT (message) DO NOTHING

-- name: asked_to_forget
SELECT by FROM to_forget WHERE message = :seq

-- name: has_been_forgotten
DELETE FROM to_forget WHERE message = :seq
