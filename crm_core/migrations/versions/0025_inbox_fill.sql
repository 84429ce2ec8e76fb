-- Texts of the releases before, which knew their writer by login. May be run twice; nobody is kept from writing meanwhile.
UPDATE sms SET written_by = app_user.id FROM app_user
WHERE direction = 'out' AND written_by IS NULL AND created_by = app_user.login
  AND created_by NOT IN ('sms', 'system', 'dialer', 'telephony', 'ivr', 'modem', 'anonymous');
