-- About 3.8 for each patient.
INSERT INTO appointment (id, patient_id, slot_id, place, status, channel, booked_by, booked_at, starts_at) OVERRIDING SYSTEM VALUE
SELECT base.appointment + (s.id - base.slot) * 6 + place, base.patient + 1 + ((s.id * 6 + place) * 7919) % base.patients, s.id,
       place, CASE WHEN s.starts_at > base.now THEN (ARRAY['booked','confirmed'])[1 + pg_temp.h(s.id, place) % 2]
                   ELSE (ARRAY['fulfilled','fulfilled','fulfilled','noshow','cancelled'])[1 + pg_temp.h(s.id, place) % 5] END,
       (ARRAY['ivr','sms','web','agent','api'])[1 + pg_temp.h(s.id, 20 + place) % 5], 'fill',
       least(base.now, s.starts_at) - make_interval(mins => (pg_temp.h(s.id, 30 + place) % 10000)::int), s.starts_at
FROM base JOIN slot s ON s.id > base.slot, generate_series(1, 6) place
WHERE s.starts_at < base.now + interval '1 day' OR pg_temp.h(s.id, 40 + place) % 10 < 4
