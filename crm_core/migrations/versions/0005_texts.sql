-- Which hand-over a text that is being sent belongs to: whoever began it is the only one who may take it back.
ALTER TABLE sms ADD COLUMN claim uuid;
