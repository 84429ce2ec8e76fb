-- About 0.9 for each patient.
INSERT INTO call_leg (call_id, user_id, connected_at, left_at, disposition)
SELECT id, agent_id, connected_at, ended_at, 'question_answered' FROM call
WHERE linkedid LIKE 'fill-%' AND agent_id IS NOT NULL
