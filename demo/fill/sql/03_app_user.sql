-- A few.
INSERT INTO app_user (id, login, name, password_hash, role) OVERRIDING SYSTEM VALUE
SELECT base.app_user + n, 'fill-agent-' || n, '坐席' || n, '', 'agent' FROM base, generate_series(1, 40) n
ON CONFLICT DO NOTHING
