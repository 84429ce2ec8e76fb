"""People of one number by id, who saw a patient in a list, consultations: indexes built beside the hospital."""

from alembic import op

from crm_core.migrations import steps

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

INDEXES = {
    "patient_phone_people": "patient_phone (msisdn, patient_id)",
    "consultation_created": "consultation (created_at)",
    "consultation_text": "consultation USING gin (text gin_trgm_ops)",
}


# A table in parts takes no CONCURRENTLY; no row of an earlier release is in this index, so it is built at a glance.
AUDIT = (
    "CREATE INDEX IF NOT EXISTS audit_patients ON audit USING gin ((detail -> 'patient_ids') jsonb_path_ops) "
    "WHERE detail ? 'patient_ids'"
)


def upgrade() -> None:
    op.execute(AUDIT)
    for name, on in INDEXES.items():
        steps.build_index(name, on)
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS patient_phone_msisdn")  # the first does its work
